import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import type { Deps } from '../../src/deps.ts'
import type { Metrics } from '../../src/metrics.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { makeContext } from '../context.ts'
import { endableStreams } from './endable.ts'
import { limitPlugins, operationLimits } from './limits.ts'
import { makeErrorMask } from './mask-error.ts'
import type { MultipartRequest } from './multipart.ts'
import { observeOperations } from './observe.ts'
import type { Sessions } from './sessions.ts'

/** What the transport knows of a request before GraphQL looks at it. */
export type ServerContext = {
  caller: Caller
  transport: 'http' | 'ws'
  uploads: MultipartRequest['uploads'] | null
}

export type YogaParts = {
  schema: GraphQLSchema
  deps: Deps
  sessions: Sessions
  metrics: Metrics
  /** Further plugins: how subscriptions are executed. */
  plugins: Plugin[]
}

const CACHED_CHARACTERS = 8_000_000

/** The GraphQL server of both transports: over HTTP through the handler it returns, over WebSocket through getEnveloped. */
export function makeYoga({ schema, deps, sessions, metrics, plugins }: YogaParts) {
  const yoga = createYoga<ServerContext>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: false,
    cors: false,
    multipart: false,
    logging: false,
    maxRequestBodySize: operationLimits.bodyBytes,
    maskedErrors: { maskError: makeErrorMask(deps.log) },
    // By default 1,024 documents are kept, however large.
    parserAndValidationCache: { documentCache: boundedCache<DocumentNode>(), errorCache: boundedCache<Error>() },
    context: ({ caller, uploads }) => makeContext(deps, caller, uploads),
    plugins: [...limitPlugins(), observeOperations(metrics), ...plugins, endableStreams(sessions), statusOfUploads],
  })

  return {
    yoga,
    /** Answers a GraphQL request. A multipart one comes with what was read of it. */
    async handle(req: IncomingMessage, res: ServerResponse, caller: Caller, multipart: MultipartRequest | null) {
      const context: ServerContext = { caller, transport: 'http', uploads: multipart?.uploads ?? null }
      await yoga.handle(multipart ? asJson(req, multipart.operations) : req, res, context)
    },
  }
}

function boundedCache<T extends object>() {
  return new LRUCache<string, T>({
    max: 1_024,
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (_value, key) => key.length,
  })
}

/** The request as if its operation had come as JSON. */
function asJson(req: IncomingMessage, operations: Record<string, unknown>): IncomingMessage {
  const { accept, host } = req.headers
  const isGraphql = accept?.includes('application/graphql-response+json')
  const type = isGraphql ? 'application/graphql-response+json' : 'application/json'
  const headers = { accept: type, 'content-type': 'application/json', ...(host && { host }) }
  return Object.create(req, { headers: { value: headers }, body: { value: operations } })
}

/** A file that had to be cut gives 413, whatever else the answer says. */
const statusOfUploads: Plugin<object, ServerContext> = {
  onResponse({ response, serverContext, setResponse, fetchAPI }) {
    if (!serverContext?.uploads?.isOverLimit) return
    setResponse(new fetchAPI.Response(response.body, { status: 413, headers: response.headers }))
  },
}
