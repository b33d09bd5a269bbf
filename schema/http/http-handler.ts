import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { EXPORT_PATH } from '../../src/exports/export-link.ts'
import { defaultImageLimits } from '../../src/images/image-limits.ts'
import { IMAGE_PATH } from '../../src/images/image-link.ts'
import type { Metrics } from '../../src/metrics.ts'
import { OBJECT_PATH } from '../../src/storage/directory-storage.ts'
import { type Caller, hasRole } from '../../src/tenancy/caller.ts'
import { type Authenticator, bearerSecret } from './authenticate.ts'
import { applyCors } from './cors.ts'
import { isPageRequest, makeGraphiqlHandler } from './graphiql.ts'
import type { Health } from './health.ts'
import { isMultipart, MultipartError, type MultipartRequest, readMultipart } from './multipart.ts'
import type { OriginRules } from './origin.ts'
import { cutUnreadBody, refuse } from './refuse.ts'
import { REWARDS_PATH, type RewardsHandler } from './rewards.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void

export type HttpParts = {
  graphql(req: IncomingMessage, res: ServerResponse, caller: Caller, multipart: MultipartRequest | null): Promise<void>
  images: Handler
  exports: Handler
  rewards: RewardsHandler
  /** Only where the store is a folder. */
  objects: Handler | null
  health: Health
  metrics: Metrics
  rules: OriginRules
  authenticator: Authenticator
  publicUrl: string
  maxFileBytes?: number
  log: Logger
}

/** Answers every request of the server: finds its route, checks origin and key, and never throws. */
export function makeHttpHandler(parts: HttpParts): (req: IncomingMessage, res: ServerResponse) => void {
  const { authenticator, health, log, metrics, rules, maxFileBytes = defaultImageLimits.maxBytes } = parts
  const graphiql = makeGraphiqlHandler(parts.publicUrl)

  /** The caller, or null when the request was refused for want of one. */
  async function admit(req: IncomingMessage, res: ServerResponse): Promise<Caller | null> {
    const caller = await authenticator.authenticate(bearerSecret(req.headers.authorization))
    if (!caller) {
      const message = 'Send a valid API key: Authorization: Bearer KEY.'
      refuse(req, res, {
        ...{ status: 401, code: 'UNAUTHENTICATED', message },
        headers: { 'www-authenticate': 'Bearer realm="pentimento"' },
      })
    }
    return caller
  }

  async function graphql(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (isPageRequest(req)) return graphiql(req, res)
    const caller = await admit(req, res)
    if (!caller) return
    try {
      await parts.graphql(req, res, caller, isMultipart(req) ? await readMultipart(req, res, maxFileBytes) : null)
    } catch (error) {
      if (!(error instanceof MultipartError)) throw error
      refuse(req, res, error.refusal)
    }
  }

  async function printMetrics(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const caller = await admit(req, res)
    if (!caller) return
    if (!hasRole(caller, 'OPERATOR')) {
      return refuse(req, res, { status: 403, code: 'FORBIDDEN', message: 'Metrics need a key of role OPERATOR.' })
    }
    const text = await metrics.print()
    res.writeHead(200, { 'content-type': metrics.registry.contentType, 'cache-control': 'no-store' }).end(text)
  }

  async function rewards(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const caller = await admit(req, res)
    if (caller) await parts.rewards(req, res, caller)
  }

  const routes: Record<string, Handler> = {
    '/graphql': graphql,
    [REWARDS_PATH]: rewards,
    '/health/live': health.live,
    '/health/ready': health.ready,
    '/metrics': printMetrics,
    '/': (_req, res) => void res.writeHead(302, { location: 'graphql' }).end(),
    [IMAGE_PATH]: parts.images,
    [EXPORT_PATH]: parts.exports,
    ...(parts.objects && { [OBJECT_PATH]: parts.objects }),
  }

  async function handle(req: IncomingMessage, res: ServerResponse, route: string): Promise<void> {
    res.setHeader('x-content-type-options', 'nosniff')
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    const isSignedRead = isRead && signedPaths.includes(route)
    const fault = isSignedRead ? null : rules.findFault(req)
    if (applyCors(req, res, rules)) return
    if (fault) return refuse(req, res, { status: 403, code: 'FOREIGN_ORIGIN', message: fault })
    const handler = routes[route]
    if (handler) return handler(req, res)
    refuse(req, res, { status: 404, code: 'NOT_FOUND', message: 'There is nothing here; the API is at /graphql.' })
  }

  return (req, res) => {
    const startedAt = performance.now()
    const route = findRoute(req.url ?? '', routes)
    res.once('close', () => {
      const isStream = String(res.getHeader('content-type')).startsWith('text/event-stream')
      const seconds = (performance.now() - startedAt) / 1000
      if (!isStream) metrics.observeRequest({ method: req.method ?? '', route, status: res.statusCode, seconds })
    })
    cutUnreadBody(req, res)
    handle(req, res, route).catch(error => {
      log.error({ err: error, route }, 'a request failed')
      const message = 'The server cannot do this at the moment; try again.'
      refuse(req, res, { status: 503, code: 'UNAVAILABLE', message, headers: { 'retry-after': '1' } })
    })
  }
}

function findRoute(url: string, routes: Record<string, Handler>): string {
  const path = url.split('?')[0] ?? ''
  if (path !== '' && Object.hasOwn(routes, path)) return path
  return signedPaths.find(prefix => path.startsWith(prefix)) ?? 'none'
}

/** Links below these carry their own permission. */
const signedPaths = [IMAGE_PATH, OBJECT_PATH, EXPORT_PATH]
