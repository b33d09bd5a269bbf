import { z } from 'zod'
import { CliError } from './cli-error.ts'

/** Where a server is and which key opens it. */
export type ApiAddress = {
  /** Origin and path prefix, without a slash at its end and without /graphql. */
  server: string
  key: string | null
}

type Variables = Record<string, unknown>

/** The public API as a program outside uses it. Everything here throws CliError with a sentence for people. */
export type ApiClient = {
  server: string
  /** Runs a query or mutation; `data` as the schema reads it. */
  run<T>(document: string, variables: Variables, schema: z.ZodType<T>): Promise<T>
  /** Runs a mutation of one field whose expected failures are members of a result union. */
  mutate<T>(document: string, variables: Variables, success: z.ZodType<T>): Promise<T>
  /** The same with a file as the variable `file` (multipart request specification). */
  mutateWithFile<T>(document: string, file: { name: string; content: Blob }, success: z.ZodType<T>): Promise<T>
  /**
   * Every result of a subscription over WebSocket. It reconnects by itself for about two minutes and then asks with the
   * variables as they are at that moment, so that a getter among them can be the cursor.
   */
  subscribe<T>(document: string, options: SubscribeOptions, schema: z.ZodType<T>): AsyncGenerator<T, void, undefined>
  /** The bytes behind a signed link. */
  download(link: string): Promise<Buffer>
}

/** How to follow a subscription. */
export type SubscribeOptions = {
  variables: Variables
  signal?: AbortSignal | undefined
  /** The connection is lost and will be tried again; false: it is back. */
  onLost?: ((isLost: boolean) => void) | undefined
}

/** Nothing is sent before the first call. */
export function connectApi({ server, key }: ApiAddress): ApiClient {
  const url = `${server}/graphql`
  const authorization = key === null ? {} : { authorization: `Bearer ${key}` }
  const headers = { accept: 'application/json', ...authorization }

  async function send(init: RequestInit): Promise<unknown> {
    const response = await fetch(url, { method: 'POST', ...init }).catch(cause => {
      throw unreachable(server, cause)
    })
    const text = await response.text().catch(cause => {
      throw unreachable(server, cause)
    })
    const body = Body.safeParse(parseJson(text))
    if (response.status === 401) throw unauthorized(key)
    if (!body.success) {
      throw new CliError(`What answers at ${server} is no Pentimento server (HTTP ${response.status}).`)
    }
    throwFirst(body.data.errors)
    return body.data.data
  }

  const sendJson = (query: string, variables: Variables) =>
    send({ body: JSON.stringify({ query, variables }), headers: { ...headers, 'content-type': 'application/json' } })

  return {
    server,
    async run(document, variables, schema) {
      return read(await sendJson(document, variables), schema)
    },
    async mutate(document, variables, success) {
      return readResult(await sendJson(document, variables), success)
    },
    async mutateWithFile(document, { name, content }, success) {
      const form = new FormData()
      form.append('operations', JSON.stringify({ query: document, variables: { file: null } }))
      form.append('map', JSON.stringify({ 0: ['variables.file'] }))
      form.append('0', content, name)
      return readResult(await send({ body: form, headers }), success)
    },

    async *subscribe(document, options, schema) {
      // A command that follows nothing starts in half the time without what is needed for it.
      const { subscribe } = await import('./subscribe.ts')
      try {
        for await (const { data, errors } of subscribe({ url, authorization }, { document, ...options })) {
          throwFirst(errors)
          yield read(data, schema)
        }
      } catch (error) {
        throw toSubscriptionError(error, { server, key })
      }
    },

    async download(link) {
      const response = await fetch(link).catch(cause => {
        throw unreachable(new URL(link).origin, cause)
      })
      if (!response.ok) {
        const code = response.status === 503 ? 'UNAVAILABLE' : 'FAILED'
        throw new CliError(`A picture could not be loaded (HTTP ${response.status}).`, { code })
      }
      return Buffer.from(await response.arrayBuffer())
    },
  }
}

const Errors = z
  .array(z.object({ message: z.string(), extensions: z.object({ code: z.string().optional() }).optional() }))
  .min(1)
const Body = z.object({ data: z.unknown().optional(), errors: Errors.optional() })
const Refusal = z.object({ __typename: z.string().endsWith('Error'), code: z.string(), message: z.string() })

function throwFirst(errors: unknown): void {
  const first = Errors.safeParse(errors).data?.[0]
  if (first) throw new CliError(first.message, { code: first.extensions?.code ?? 'FAILED' })
}

function read<T>(data: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(data)
  if (result.success) return result.data
  throw new CliError('The server answers in another form than this command understands: are their versions the same?', {
    cause: result.error,
  })
}

function readResult<T>(data: unknown, success: z.ZodType<T>): T {
  const [result] = Object.values(z.record(z.string(), z.unknown()).catch({}).parse(data))
  const refusal = Refusal.safeParse(result)
  if (refusal.success) throw new CliError(refusal.data.message, { code: refusal.data.code })
  return read(result, success)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function toSubscriptionError(error: unknown, { server, key }: ApiAddress): CliError {
  if (error instanceof CliError) return error
  throwFirst(error)
  return isForbidden(error) ? unauthorized(key) : unreachable(server, error)
}

function unauthorized(key: string | null): CliError {
  const message =
    key === null
      ? 'The server asks for an API key: give one with --key or PENTIMENTO_KEY.'
      : 'The server does not accept this API key: it is wrong, revoked or expired.'
  return new CliError(message, { code: 'UNAUTHENTICATED' })
}

function unreachable(server: string, cause: unknown): CliError {
  const way = 'Start one with "npm start", or name another with --server or PENTIMENTO_SERVER.'
  return new CliError(`No server answers at ${server}. ${way}`, { code: 'UNREACHABLE', cause })
}

/** Whether a WebSocket was closed because of its key (4403). */
function isForbidden(closeEvent: unknown): boolean {
  return z.object({ code: z.literal(4403) }).safeParse(closeEvent).success
}
