import type { IncomingMessage } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, type FormattedExecutionResult, GraphQLError } from 'graphql'
import { CloseCode, type makeServer } from 'graphql-ws'
import type { LimitFunction } from 'p-limit'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { Caller } from '../../src/tenancy/caller.ts'
import { type Authenticator, bearerSecret } from './authenticate.ts'
import type { Live } from './live.ts'
import { sharedText } from './live-results.ts'
import type { Sessions } from './sessions.ts'
import { isFull, untilDrained } from './until-drained.ts'
import { close } from './websocket.ts'
import { asWritten } from './written-payload.ts'
import type { makeYoga, ServerContext } from './yoga.ts'

/** What is known of one WebSocket connection. */
export type Connection = {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  /** Lets few of its queries run at once. */
  readonly turns: LimitFunction
  /** Set once the connection is acknowledged. */
  secret?: string | null
  leave?: () => void
}

type Options = Parameters<typeof makeServer<Record<string, unknown>, Connection>>[0]
type Enveloped = ReturnType<ReturnType<typeof makeYoga>['yoga']['getEnveloped']>
/** What an operation of `onSubscribe` takes along to where it is executed. */
type Admitted = { enveloped: Enveloped; extra: Connection }

const MAX_OPERATIONS = 10_000

/**
 * Executes the operations of WebSocket connections as those of HTTP requests are. A connection is its key's: it is
 * closed with 4403 when the key is wrong, revoked or expired, and each operation asks again.
 */
export function webSocketOperations(parts: {
  yoga: ReturnType<typeof makeYoga>['yoga']
  authenticator: Authenticator
  sessions: Sessions
  /** Null: each subscription is executed by itself. */
  live: Live | null
  maskError: (error: unknown) => Error
  log: Logger
}): Options {
  const { yoga, authenticator, sessions, live, maskError, log } = parts

  async function admit(extra: Connection): Promise<Caller | null> {
    try {
      const caller = await authenticator.authenticate(extra.secret ?? null)
      if (!caller) close(extra.socket, CloseCode.Forbidden, 'Forbidden')
      return caller
    } catch (error) {
      log.warn({ err: error }, 'a WebSocket could not be authenticated')
      close(extra.socket, TRY_AGAIN_LATER, 'Try again later')
      return null
    }
  }

  /** Never rejects: what fails before there is a stream becomes a result. */
  async function run({ rootValue, ...args }: ExecutionArgs, how: 'execute' | 'subscribe') {
    const { enveloped, extra } = rootValue as Admitted // put there by onSubscribe
    try {
      if (how === 'subscribe') {
        const result = await enveloped.subscribe(args)
        return live?.findStream(args.contextValue as object) ?? result // of our contextFactory
      }
      return await extra.turns(async () => {
        if (isFull(extra.socket)) await untilDrained(extra.request.socket)
        const isOpen = extra.socket.readyState === extra.socket.OPEN
        return isOpen ? enveloped.execute(args) : { data: null } // which nobody is left to read
      })
    } catch (error) {
      return { errors: [maskError(error)] }
    }
  }

  return {
    async onConnect({ extra, connectionParams }) {
      extra.secret = bearerSecret(extra.request.headers.authorization) ?? secretOf(connectionParams)
      const caller = await admit(extra)
      if (!caller || extra.socket.readyState !== extra.socket.OPEN) return false
      extra.leave = sessions.open(caller, why => {
        if (why === 'key-ended') close(extra.socket, CloseCode.Forbidden, 'Forbidden')
        else close(extra.socket, GOING_AWAY, 'Going away')
      })
      return true
    },
    onClose: ({ extra }) => extra.leave?.(),

    async onSubscribe({ extra, subscriptions }, _id, { query, variables, operationName }) {
      if (Object.keys(subscriptions).length > MAX_OPERATIONS) {
        const message = `This connection already has ${MAX_OPERATIONS} operations; open another one.`
        return [new GraphQLError(message, { extensions: { code: 'TOO_MANY_OPERATIONS' } })]
      }
      const caller = await admit(extra)
      if (!caller || extra.socket.readyState !== extra.socket.OPEN) return [new GraphQLError('Forbidden')]
      const context: ServerContext = { caller, transport: 'ws', uploads: null }
      const enveloped = yoga.getEnveloped(context)
      try {
        const document = enveloped.parse(query)
        const errors = enveloped.validate(enveloped.schema, document)
        if (errors.length > 0) return errors
        return {
          schema: enveloped.schema,
          document,
          operationName,
          variableValues: variables,
          contextValue: await enveloped.contextFactory(),
          rootValue: { enveloped, extra } satisfies Admitted,
        }
      } catch (error) {
        const masked = maskError(error)
        return [masked instanceof GraphQLError ? masked : new GraphQLError(masked.message)]
      }
    },
    execute: args => run(args, 'execute'),
    subscribe: args => run(args, 'subscribe'),
    onNext(_context, _id, _payload, _args, result) {
      if (result.errors) return { ...result, errors: result.errors.map(toFormatted) } as FormattedExecutionResult // formatted now
      const text = sharedText(result as ExecutionResult) // the same but for exactness
      return text === undefined ? undefined : asWritten(text)
    },
    onError: (_context, _id, _payload, errors) => errors.map(toFormatted),
  }
}

const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

/** Without what is meant for HTTP. */
function toFormatted(error: GraphQLError) {
  const { extensions, ...formatted } = error.toJSON()
  const { http: _http, ...kept } = extensions ?? {}
  return Object.keys(kept).length > 0 ? { ...formatted, extensions: kept } : formatted
}

/** `{ authorization: "Bearer SECRET" }` in any case, or `{ apiKey: "SECRET" }`. */
function secretOf(params: Record<string, unknown> | undefined): string | null {
  for (const [name, value] of Object.entries(params ?? {})) {
    if (name.toLowerCase() === 'authorization') return bearerSecret(value)
    if (name === 'apiKey' && typeof value === 'string') return value
  }
  return null
}
