// The directory driver's own answer to S3's presigned requests: GET, HEAD and PUT of `/objects/<key>` with a signed query.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { OBJECT_PATH } from './directory-storage.ts'
import { contentTypeOfKey, isObjectKey } from './object-key.ts'
import { refuseRequest } from './refuse-request.ts'
import { sendObject } from './send-object.ts'
import { isExpired, verifyLink } from './signed-link.ts'
import { ObjectNotFoundError, type ObjectStorage } from './storage.ts'

export type ObjectRouteConfig = { storage: ObjectStorage; secret: string }

/**
 * Handles requests under OBJECT_PATH that carry a link of signGet or signPut: 403 for a link that is not ours, 410 for
 * an expired one, 404 where nothing is stored. A PUT is refused with 413, 415 or 400 as soon as its length or type
 * differs from what was signed, and stores nothing then. Rejects with StorageError when the store fails: the caller
 * answers 503.
 */
export function makeObjectHandler(config: ObjectRouteConfig) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    res.setHeader('x-content-type-options', 'nosniff')
    const isPut = req.method === 'PUT'
    if (!isPut && req.method !== 'GET' && req.method !== 'HEAD')
      return refuseRequest(req, res, 405, 'Only GET, HEAD and PUT.', { allow: 'GET, HEAD, PUT' })
    const link = verifyLink(config.secret, isPut ? 'object-put' : 'object-get', req.url ?? '')
    const key = link?.pathname.slice(OBJECT_PATH.length)
    if (!link?.pathname.startsWith(OBJECT_PATH) || !key || !isObjectKey(key)) {
      return refuseRequest(req, res, 403, 'This link was altered or is not ours.')
    }
    if (isExpired(link)) return refuseRequest(req, res, 410, 'This link has expired.')
    return isPut ? receive(config.storage, key, link, req, res) : send(config.storage, key, req, res)
  }
}

async function send(storage: ObjectStorage, key: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const found = await storage.stat(key)
  if (!found) return refuseRequest(req, res, 404, 'There is nothing here.')
  try {
    await sendObject(req, res, {
      etag: `"${found.byteSize.toString(36)}-${found.modifiedAt.getTime().toString(36)}"`,
      byteSize: found.byteSize,
      headers: { 'content-type': contentTypeOfKey(key), 'cache-control': 'private, no-cache' },
      open: (range, signal) => storage.get(key, range, signal),
    })
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return refuseRequest(req, res, 404, 'There is nothing here.')
    throw error
  }
}

async function receive(
  storage: ObjectStorage,
  key: string,
  link: URL,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const contentType = link.searchParams.get('t') ?? ''
  const byteSize = Number(link.searchParams.get('n'))
  const announced = req.headers['content-length']
  if (req.headers['content-type'] !== contentType) {
    return refuseRequest(req, res, 415, `This link takes ${contentType} as Content-Type.`)
  }
  let seen = announced === undefined ? byteSize : Number(announced)
  if (seen === byteSize) {
    // Destroying the request would take the response with it, so the store gets a stream of its own.
    async function* body() {
      seen = 0
      for await (const chunk of req.iterator({ destroyOnReturn: false })) {
        seen += chunk.length
        if (seen > byteSize) return
        yield chunk
      }
    }
    try {
      await storage.put(key, Readable.from(body(), { objectMode: false }), { contentType, byteSize })
    } catch (error) {
      if (req.errored) return void res.destroy()
      if (seen === byteSize) throw error
    }
  }
  if (seen === byteSize) return void res.writeHead(200, { 'content-length': 0 }).end()
  refuseRequest(req, res, seen > byteSize ? 413 : 400, `This link takes exactly ${byteSize} bytes.`)
}
