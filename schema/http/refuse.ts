import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** What a refused caller is told, in the form of a GraphQL response. */
export type Refusal = { status: number; code: string; message: string; headers?: OutgoingHttpHeaders }

/** Answers with `{ errors: [{ message, extensions: { code } }] }` in the JSON type that the caller prefers. */
export function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent || res.destroyed) return void res.destroy()
  const { status, code, message, headers = {} } = refusal
  const text = JSON.stringify({ errors: [{ message, extensions: { code } }] })
  const isGraphql = req.headers.accept?.includes('application/graphql-response+json')
  res.writeHead(status, {
    'content-type': `application/${isGraphql ? 'graphql-response+json' : 'json'}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(req.method === 'HEAD' ? undefined : text)
}

const LINGER_MS = 1_000

/**
 * Keeps the rest of a body from being received once it is answered: what the sender had on the way is thrown away for
 * a second, so that it can read the answer instead of meeting a reset connection; then the connection is cut.
 */
export function cutUnreadBody(req: IncomingMessage, res: ServerResponse): void {
  const { socket } = req // a destroyed request forgets its own
  res.once('finish', () => {
    if (req.complete) return
    const cut = setTimeout(() => socket.destroy(), LINGER_MS)
    req.once('end', () => clearTimeout(cut)) // the next request on this connection is not ours to cut
    req.resume()
  })
}

/** Refuses an upgrade request with a one-line text and closes the connection. */
export function refuseUpgrade(connection: Duplex, status: string, message: string): void {
  connection.on('error', () => {}) // the peer may be gone already
  connection.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  )
}
