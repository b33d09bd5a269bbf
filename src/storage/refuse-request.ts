import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

// A sender that is still writing must get the chance to read our answer; closing at once would reset the connection and
// lose it. Node discards what arrives meanwhile.
const LINGER_MS = 2_000

/** Answers with a one-line text. The rest of a body is not waited for: after 2 s the connection is cut. */
export function refuseRequest(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  message: string,
  headers: OutgoingHttpHeaders = {},
): void {
  if (res.destroyed || res.headersSent) return void res.destroy()
  const text = `${message}\n`
  res.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(req.method === 'HEAD' ? undefined : text)
  if (req.complete) return
  const cut = setTimeout(() => req.destroy(), LINGER_MS)
  req.once('close', () => clearTimeout(cut))
  req.once('end', () => clearTimeout(cut))
  req.resume()
}
