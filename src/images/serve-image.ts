import type { IncomingMessage, ServerResponse } from 'node:http'
import { contentTypeOfKey } from '../storage/object-key.ts'
import { refuseRequest } from '../storage/refuse-request.ts'
import { sendObject } from '../storage/send-object.ts'
import { ObjectNotFoundError, type ObjectStorage } from '../storage/storage.ts'
import type { DecodeGate } from './decode-gate.ts'
import { parseImageLink } from './image-link.ts'
import { makeVariants } from './image-variant.ts'

export type ImageServing = { storage: ObjectStorage; secret: string; gate: DecodeGate }

/**
 * Handles GET and HEAD of links that imageUrl made: 403 for an altered link, 410 for an expired one, 404 where the image
 * was deleted. Strong ETag, 304, one range (206, 416); cached by the browser alone, until the link's own end. Rejects
 * with StorageError when the store fails before the first byte: the caller answers 503.
 */
export function makeImageHandler(deps: ImageServing) {
  const findVariant = makeVariants(deps)

  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    setSafeHeaders(res)
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      return refuseRequest(req, res, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' })
    }
    const link = parseImageLink(deps.secret, req.url ?? '')
    if (!link) return refuseRequest(req, res, 403, 'This link was altered or is not ours.')
    const secondsLeft = Math.floor((link.expiresAt.getTime() - Date.now()) / 1000)
    if (!(secondsLeft > 0)) return refuseRequest(req, res, 410, 'This link has expired; ask for a new one.')

    try {
      const isOriginal = !link.widthPx && !link.format
      const stat = isOriginal ? await deps.storage.stat(link.objectKey) : null
      const found = isOriginal ? stat && { key: link.objectKey, stat } : await findVariant(link)
      if (!found) throw new ObjectNotFoundError(link.objectKey)
      const name = found.key.split('/').slice(-2).join('-')
      await sendObject(req, res, {
        // The key names the content (a hash, and for a variant how it was made), so equal keys are equal bytes.
        etag: `"${found.key.split('/').slice(2).join('-')}"`,
        byteSize: found.stat.byteSize,
        headers: {
          'content-type': contentTypeOfKey(found.key),
          'content-disposition': `inline; filename="${name}"`,
          'cache-control': `private, max-age=${secondsLeft}, immutable`,
        },
        open: (range, signal) => deps.storage.get(found.key, range, signal),
      })
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error
      refuseRequest(req, res, 404, 'This image was deleted.')
    }
  }
}

// The link is the permission, so any page that has it may show the picture; what is sent can never act as a page.
function setSafeHeaders(res: ServerResponse): void {
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('content-security-policy', "default-src 'none'; sandbox")
  res.setHeader('cross-origin-resource-policy', 'cross-origin')
  if (!res.hasHeader('access-control-allow-origin')) res.setHeader('access-control-allow-origin', '*')
}
