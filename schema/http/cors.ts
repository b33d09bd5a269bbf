import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OriginRules } from './origin.ts'

/**
 * Lets pages of a listed origin read the answer, and answers their preflight. True: the request is answered. Others get
 * no permission, which browsers take as a no.
 */
export function applyCors(req: IncomingMessage, res: ServerResponse, rules: OriginRules): boolean {
  res.setHeader('vary', 'origin')
  const origin = rules.listedOrigin(req)
  if (origin) {
    res.setHeader('access-control-allow-origin', origin)
    res.setHeader('access-control-expose-headers', 'content-range, etag, retry-after, www-authenticate')
  }
  const isPreflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined
  if (!isPreflight) return false
  if (origin) {
    res.setHeader('access-control-allow-methods', 'GET, HEAD, POST, PUT')
    res.setHeader('access-control-allow-headers', req.headers['access-control-request-headers'] ?? 'content-type')
    res.setHeader('access-control-max-age', '600')
  }
  res.writeHead(origin ? 204 : 403).end()
  return true
}
