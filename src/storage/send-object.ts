import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fresh from 'fresh'
import parseRange from 'range-parser'
import type { ByteRange } from './storage.ts'

/** What is sent: `open` gives the bytes of a range, or all of them. `etag` is strong and comes with its quotes. */
export type Sendable = {
  etag: string
  byteSize: number
  headers: OutgoingHttpHeaders
  open(range?: ByteRange, signal?: AbortSignal): Promise<Readable>
}

/**
 * Answers GET or HEAD with 200, 304 (If-None-Match), 206 or 416 (one range; several are answered whole, as RFC 9110
 * allows). Rejects before the first byte when `open` does; a client that leaves, or a store that breaks off, ends the
 * connection so that a part never passes for the whole.
 */
export async function sendObject(req: IncomingMessage, res: ServerResponse, sendable: Sendable): Promise<void> {
  const { byteSize, etag } = sendable
  const headers = { ...sendable.headers, etag, 'accept-ranges': 'bytes' }
  // Only this header is asked: a client's Cache-Control is meant for caches on the way, and fetch() sets it by itself.
  if (fresh({ 'if-none-match': req.headers['if-none-match'] }, { etag })) return void res.writeHead(304, headers).end()

  const range = rangeOf(req, etag, byteSize)
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'content-range': `bytes */${byteSize}`, 'cache-control': 'no-store' }).end()
    return
  }
  const length = range ? range.end - range.start + 1 : byteSize
  const sent: OutgoingHttpHeaders = { ...headers, 'content-length': length }
  if (range) sent['content-range'] = `bytes ${range.start}-${range.end}/${byteSize}`
  if (req.method === 'HEAD' || length === 0) return void res.writeHead(range ? 206 : 200, sent).end()

  const left = new AbortController()
  const leave = () => left.abort()
  res.once('close', leave)
  try {
    const body = await sendable.open(range ?? undefined, left.signal)
    res.writeHead(range ? 206 : 200, sent)
    await pipeline(body, res)
  } catch (error) {
    if (left.signal.aborted) return
    if (!res.headersSent) throw error
    res.destroy()
  } finally {
    res.off('close', leave)
  }
}

function rangeOf(
  req: IncomingMessage,
  etag: string,
  byteSize: number,
): { start: number; end: number } | 'unsatisfiable' | null {
  const asked = req.headers.range
  const condition = req.headers['if-range']
  if (!asked || (condition !== undefined && condition !== etag)) return null
  const ranges = parseRange(byteSize, asked)
  if (ranges === -1) return 'unsatisfiable'
  const [only] = ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1 ? [] : ranges
  return only ?? null
}
