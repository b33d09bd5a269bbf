import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { refuseRequest } from '../storage/refuse-request.ts'
import { sendObject } from '../storage/send-object.ts'
import { ObjectNotFoundError, type ObjectStorage } from '../storage/storage.ts'
import { parseExportLink } from './export-link.ts'
import { openTar, tarBytes } from './tar-download.ts'

/** What links are served from. `secret`: what they are signed with. */
export type ExportServing = { db: Db; storage: ObjectStorage; secret: string }

/**
 * Handles GET and HEAD of links that exportFileUrl and exportTarUrl made: 403 for an altered link, 410 for an expired one,
 * 404 where the export is gone. Strong ETag, one range (206, 416), of the tar file too. Rejects with StorageError when
 * the store fails before the first byte: the caller answers 503.
 */
export function makeExportHandler(deps: ExportServing) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    res.setHeader('x-content-type-options', 'nosniff')
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      return refuseRequest(req, res, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' })
    }
    const link = parseExportLink(deps.secret, req.url ?? '')
    if (!link) return refuseRequest(req, res, 403, 'This link was altered or is not ours.')
    if (link.isExpired) return refuseRequest(req, res, 410, 'This link has expired; ask for a new one.')
    try {
      if (link.kind === 'tar') return await sendTar(deps, link.exportId, req, res)
      const stat = await deps.storage.stat(link.objectKey)
      if (!stat) throw new ObjectNotFoundError(link.objectKey)
      await sendObject(req, res, {
        etag: `"${link.sha256}"`,
        byteSize: stat.byteSize,
        headers: headersOf('application/octet-stream', link.name),
        open: (range, signal) => deps.storage.get(link.objectKey, range, signal),
      })
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error
      refuseRequest(req, res, 404, 'This export is gone.')
    }
  }
}

async function sendTar(deps: ExportServing, exportId: string, req: IncomingMessage, res: ServerResponse) {
  const { rows } = await deps.db.query<{ hash: string; name: string }>(sql`
    select x.content_hash as hash, d.name || '-v' || v.number || '-' || lower(replace(x.format, '_', '-')) as name
    from export x join dataset_version v on v.id = x.version_id join dataset d on d.id = v.dataset_id
    where x.id = ${exportId}::uuid and x.status = 'DONE'`)
  const found = rows[0]
  if (!found) return refuseRequest(req, res, 404, 'This export is gone.')
  const byteSize = await tarBytes(deps.db, exportId)
  await sendObject(req, res, {
    etag: `"${found.hash}"`,
    byteSize,
    headers: headersOf('application/x-tar', `${found.name}.tar`),
    open: ({ start, end } = { start: 0 }, signal) =>
      openTar(deps, exportId, { start, end: end ?? byteSize - 1 }, signal),
  })
}

function headersOf(contentType: string, name: string) {
  return {
    'content-type': contentType,
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    'cache-control': 'private, no-cache',
  }
}
