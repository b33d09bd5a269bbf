// An upload past our own door: the client PUTs to a signed link, then asks us to look. Size, type and hash are its promises
// until then; an S3 link cannot even limit the size. The object lies under `uploads/` and is removed once judged.

import { rm } from 'node:fs/promises'
import { v7 as uuidv7 } from 'uuid'
import { DomainError, InvalidInputError, NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import { extensionOf } from '../storage/object-key.ts'
import { ObjectNotFoundError, StorageError } from '../storage/storage.ts'
import {
  ImageTooLargeError,
  UnsupportedImageError,
  UploadAbortedError,
  UploadMismatchError,
  UploadMissingError,
} from './errors.ts'
import { findImage, type ImageDeps, type ImageRow } from './image-row.ts'
import { isAcceptedType, readType } from './sniff-type.ts'
import { type Spooled, spoolToFile } from './spool.ts'
import { storeImage } from './store-image.ts'

/** What the client promises to send; `sha256` is hex. */
export type UploadPromise = { tenantId: string; contentType: string; byteSize: number; sha256?: string | null }

/** PUT the bytes to `url` with exactly these headers before `expiresAt`, then call completeUpload. */
export type CreatedUpload = { uploadId: string; url: string; headers: Record<string, string>; expiresAt: Date }

const LIFETIME_MS = 3_600_000

/** Opens an upload for an hour. Throws UnsupportedImageError, ImageTooLargeError or InvalidInputError with the field. */
export async function createUpload(deps: ImageDeps, promise: UploadPromise): Promise<CreatedUpload> {
  const { byteSize, contentType, tenantId } = promise
  const sha256 = promise.sha256?.toLowerCase() ?? null
  if (!isAcceptedType(contentType)) throw new UnsupportedImageError(contentType, undefined, 'contentType')
  if (!(Number.isSafeInteger(byteSize) && byteSize > 0)) {
    throw new InvalidInputError('byteSize', `The size ${byteSize} is not a whole number of bytes above 0.`)
  }
  if (byteSize > deps.limits.maxBytes) throw new ImageTooLargeError(deps.limits.maxBytes, 'byteSize')
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new InvalidInputError('sha256', 'A SHA-256 is 64 hexadecimal digits.')
  }

  const uploadId = uuidv7()
  const expiresAt = new Date(Date.now() + LIFETIME_MS)
  const key = `uploads/${tenantId}/${uploadId}.${extensionOf(contentType)}`
  // The row comes first, so that the sweeper knows of whatever arrives.
  await deps.db.query(
    sql`insert into upload (id, tenant_id, status, content_type, byte_size, sha256, object_key, expires_at)
        values (${uploadId}::uuid, ${tenantId}::uuid, 'OPEN', ${contentType}::text, ${byteSize}::bigint,
                ${sha256}::text, ${key}::text, ${expiresAt}::timestamptz)`,
  )
  const { url, headers } = await deps.storage.signPut(key, { contentType, byteSize, expiresAt })
  return { uploadId, url, headers, expiresAt }
}

/**
 * Checks what arrived against what was promised and stores it as an image. Called again it gives the same image. Refused
 * bytes are removed, and the link may be used again while it lasts. Throws NotFoundError, UploadMissingError,
 * UploadMismatchError or what storeImage throws.
 */
export async function completeUpload(
  deps: ImageDeps,
  target: { tenantId: string; uploadId: string },
  signal?: AbortSignal,
): Promise<ImageRow> {
  const upload = await loadUpload(deps, target)
  if (upload.status === 'COMPLETED') return loadCompleted(deps, target, upload)
  try {
    const image = await judge(deps, upload, target.tenantId, signal)
    await deps.db.query(
      sql`update upload set status = 'COMPLETED', image_id = ${image.id}::uuid where id = ${target.uploadId}::uuid`,
    )
    await discard(deps, upload)
    return image
  } catch (error) {
    if (error instanceof ObjectNotFoundError || error instanceof UploadMissingError) {
      // A rival call may have completed it, and removed the object, meanwhile.
      const now = await loadUpload(deps, target)
      if (now.status === 'COMPLETED') return loadCompleted(deps, target, now)
      throw new UploadMissingError()
    }
    if (error instanceof DomainError) await discard(deps, upload)
    throw error
  }
}

type UploadRow = {
  status: 'OPEN' | 'COMPLETED'
  contentType: string
  byteSize: number
  sha256: string | null
  objectKey: string
  imageId: string | null
}

async function loadUpload(deps: ImageDeps, target: { tenantId: string; uploadId: string }): Promise<UploadRow> {
  const { rows } = await deps.db.query<UploadRow>(
    sql`select status::text as status, content_type as "contentType", byte_size as "byteSize", sha256,
               object_key as "objectKey", image_id as "imageId"
        from upload where id = ${target.uploadId}::uuid and tenant_id = ${target.tenantId}::uuid`,
  )
  if (!rows[0]) throw new NotFoundError('uploadId', 'upload')
  return rows[0]
}

async function loadCompleted(deps: ImageDeps, target: { tenantId: string }, upload: UploadRow): Promise<ImageRow> {
  const image = upload.imageId === null ? null : await findImage(deps.db, target.tenantId, upload.imageId)
  if (!image) throw new NotFoundError('uploadId', 'image: it was deleted after this upload')
  return image
}

async function judge(deps: ImageDeps, upload: UploadRow, tenantId: string, signal?: AbortSignal): Promise<ImageRow> {
  const found = await deps.storage.stat(upload.objectKey, signal)
  if (!found) throw new UploadMissingError()
  assertSame('byteSize', String(upload.byteSize), String(found.byteSize))
  const spooled = await fetchObject(deps, upload, signal)
  try {
    assertSame('byteSize', String(upload.byteSize), String(spooled.byteSize))
    if (upload.sha256 !== null) assertSame('sha256', upload.sha256, spooled.sha256)
    assertSame('contentType', upload.contentType, (await readType(spooled.path)) ?? 'something that is no image')
    return await storeImage(deps, tenantId, spooled, signal)
  } finally {
    await rm(spooled.path, { force: true })
  }
}

async function fetchObject(deps: ImageDeps, upload: UploadRow, signal?: AbortSignal): Promise<Spooled> {
  const stream = await deps.storage.get(upload.objectKey, undefined, signal)
  try {
    const { directory } = deps
    return await spoolToFile(stream, { maxBytes: upload.byteSize, directory, ...(signal && { signal }) })
  } catch (error) {
    // Here the stream's sender is our own store.
    if (error instanceof UploadAbortedError) throw new StorageError('The upload could not be read.', { cause: error })
    throw error
  }
}

function assertSame(field: 'byteSize' | 'contentType' | 'sha256', promised: string, arrived: string): void {
  if (promised !== arrived) throw new UploadMismatchError(field, promised, arrived)
}

/** What stays behind when this fails goes with the upload's row, in the sweeper. */
async function discard(deps: ImageDeps, upload: UploadRow): Promise<void> {
  await deps.storage.remove([upload.objectKey]).catch(() => {})
}
