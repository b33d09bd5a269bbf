import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { execute, type GraphQLError, parse, subscribe, validate } from 'graphql'
import { makeContext, type Uploads } from '../../schema/context.ts'
import { schema } from '../../schema/index.ts'
import { loadConfig } from '../../src/config.ts'
import type { Db } from '../../src/db.ts'
import type { Deps } from '../../src/deps.ts'
import { connectEventFeed } from '../../src/events/event-feed.ts'
import { makeDecodeGate } from '../../src/images/decode-gate.ts'
import { defaultImageLimits } from '../../src/images/image-limits.ts'
import { connectPrisma } from '../../src/prisma.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { createTestDatabase } from './database.ts'
import { silentLog } from './silent-log.ts'
import { openDirectoryStorage } from './storage-drivers.ts'

// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape its document asks for, which no type here knows
type Data = any

/** An answer as a client would read it from JSON. */
export type Answer = { data: Data; errors: { message: string; code: unknown; field: unknown; path: unknown }[] }

/** The schema over a database of the test's own, without HTTP: what the resolvers do, not what the transport does. */
export type TestApi = {
  db: Db
  deps: Deps
  /** Every SQL statement that the reader sent since the last call. */
  takeStatements(): string[]
  run(caller: Caller, document: string, variables?: Record<string, unknown>, uploads?: Uploads): Promise<Answer>
  /** `data` of an answer that must have no errors. */
  get(caller: Caller, document: string, variables?: Record<string, unknown>): Promise<Data>
  /** The first answers of a subscription: at most `limit`, fewer where it completes or is refused. */
  follow(caller: Caller, document: string, variables: Record<string, unknown>, limit: number): Promise<Answer[]>
  close(): Promise<void>
}

export async function openTestApi(): Promise<TestApi> {
  const secret = randomUUID()
  const publicUrl = 'http://localhost:4000'
  const database = await createTestDatabase()
  const store = await openDirectoryStorage(secret)
  const { db, url } = database
  const prisma = connectPrisma({ url, logStatement: text => statements.push(text) })
  const statements: string[] = []
  const directory = join(store.root, 'spool')
  const feed = await connectEventFeed({ db, url, log: silentLog })
  const images = { db, storage: store.storage, limits: defaultImageLimits, directory, gate: makeDecodeGate() }
  const deps: Deps = {
    config: loadConfig({}),
    log: silentLog,
    db,
    prisma,
    storage: store.storage,
    secret,
    publicUrl,
    images: { ...images, links: { secret, publicUrl } },
    feed,
  }

  const run: TestApi['run'] = async (caller, document, variableValues = {}, uploads) => {
    const parsed = parse(document)
    const faults = validate(schema, parsed)
    if (faults.length > 0) throw new Error(`The document does not fit the schema: ${faults.join('; ')}`)
    const contextValue = makeContext(deps, caller, uploads ?? null)
    return toAnswer(await execute({ schema, document: parsed, variableValues, contextValue }))
  }

  return {
    db,
    deps,
    takeStatements: () => statements.splice(0),
    run,
    async get(caller, document, variables) {
      const { data, errors } = await run(caller, document, variables)
      if (errors.length > 0) throw new Error(`Unexpected errors: ${JSON.stringify(errors)}`)
      return data
    },
    async follow(caller, document, variableValues, limit) {
      const contextValue = makeContext(deps, caller)
      const stream = await subscribe({ schema, document: parse(document), variableValues, contextValue })
      if (!(Symbol.asyncIterator in stream)) return [toAnswer(stream)]
      const answers: Answer[] = []
      for await (const result of stream) {
        answers.push(toAnswer(result))
        if (answers.length >= limit) break
      }
      return answers
    },
    async close() {
      await feed.close()
      await prisma.$disconnect()
      await store.close()
      await database.drop()
    },
  }
}

function toAnswer(result: { data?: unknown; errors?: readonly GraphQLError[] }): Answer {
  const errors = (result.errors ?? []).map(({ message, extensions, path }) => ({
    message,
    code: extensions.code,
    field: extensions.field,
    path,
  }))
  return { data: result.data === undefined ? undefined : JSON.parse(JSON.stringify(result.data)), errors }
}
