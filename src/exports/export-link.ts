// `/exports/file/<object key>?n=<name>&h=<sha256>&b=<bytes>&e=<expiry>&s=<signature>` gives one file, and
// `/exports/tar/<export>?…` all of them: the link is the permission. The expiry is rounded to the hour, as of images.

import { validate } from 'uuid'
import { isObjectKey } from '../storage/object-key.ts'
import { isExpired, signLink, verifyLink } from '../storage/signed-link.ts'
import type { ExportFile } from './read-export-files.ts'

/** The path, on our server, under which links to exports live. */
export const EXPORT_PATH = '/exports/'

const FILE_PATH = `${EXPORT_PATH}file/`
const TAR_PATH = `${EXPORT_PATH}tar/`
const HOUR_MS = 3_600_000
const LIFETIME_MS = 24 * HOUR_MS

type LinkConfig = { secret: string; publicUrl: string }

/** What a link gives. */
export type ExportLink =
  | { kind: 'file'; objectKey: string; name: string; sha256: string; isExpired: boolean }
  | { kind: 'tar'; exportId: string; isExpired: boolean }

/** A link that anyone may GET for 24 to 25 hours. */
export function exportFileUrl(config: LinkConfig, { objectKey, path, sha256 }: ExportFile, now = Date.now()): string {
  const name = encodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
  return sign(config, `${FILE_PATH}${objectKey}?n=${name}&h=${sha256}`, now)
}

/** The same for all files of a finished export, as one tar file. */
export function exportTarUrl(config: LinkConfig, exportId: string, now = Date.now()): string {
  return sign(config, `${TAR_PATH}${exportId}?all`, now)
}

/** Reads a link made here, expired or not; null for every other. */
export function parseExportLink(secret: string, requestUrl: string): ExportLink | null {
  const link = verifyLink(secret, 'export-get', requestUrl)
  if (link?.pathname.startsWith(TAR_PATH)) {
    const exportId = link.pathname.slice(TAR_PATH.length)
    return validate(exportId) ? { kind: 'tar', exportId, isExpired: isExpired(link) } : null
  }
  if (!link?.pathname.startsWith(FILE_PATH)) return null
  const objectKey = link.pathname.slice(FILE_PATH.length)
  const name = link.searchParams.get('n')
  const sha256 = link.searchParams.get('h')
  if (!isObjectKey(objectKey) || !name || !sha256) return null
  return { kind: 'file', objectKey, name, sha256, isExpired: isExpired(link) }
}

function sign({ secret, publicUrl }: LinkConfig, path: string, now: number): string {
  const expires = (Math.ceil((now + LIFETIME_MS) / HOUR_MS) * HOUR_MS) / 1000
  return publicUrl.replace(/\/+$/, '') + signLink(secret, 'export-get', `${path}&e=${expires}`)
}
