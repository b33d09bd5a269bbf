// The order that makes sweeping safe: the row is committed (PENDING) before the object is put, and touched at every reuse;
// the sweeper removes an object only under its row's lock, when nobody touched it for a day. So an object never lies
// there without a row, and a READY row never without its object.

import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { extensionOf } from '../storage/object-key.ts'
import { StorageError } from '../storage/storage.ts'
import { checkQuota } from '../tenancy/quotas.ts'
import { type ImageDeps, type ImageRow, imageColumns } from './image-row.ts'
import { type NormalizedImage, normalizeImage } from './normalize-image.ts'
import { type Spooled, spoolToFile } from './spool.ts'

const MAX_ATTEMPTS = 3

/**
 * Stores a spooled upload as the tenant's image, normalised. The same upload again gives the same row; so does another
 * upload that normalises to the same bytes. Leaves the spooled file to the caller. Throws the errors of errors.ts,
 * QuotaExceededError and StorageError; nothing is lost by calling it again.
 */
export async function storeImage(
  deps: ImageDeps,
  tenantId: string,
  spooled: Spooled,
  signal?: AbortSignal,
): Promise<ImageRow> {
  return (await reuseImage(deps, tenantId, spooled.sha256)) ?? store(deps, tenantId, spooled, signal)
}

/** The same for bytes in memory, such as an engine's answer. */
export async function storePicture(
  deps: ImageDeps,
  tenantId: string,
  bytes: Buffer,
  signal?: AbortSignal,
): Promise<ImageRow> {
  return store(deps, tenantId, bytes, signal)
}

/** Spools a stream (an upload's body) and stores it; refused over the size limit while it streams. Leaves no file. */
export async function acceptUpload(
  deps: ImageDeps,
  upload: { tenantId: string; stream: Readable; signal?: AbortSignal },
): Promise<ImageRow> {
  const { tenantId, stream, signal } = upload
  const spooled = await spoolToFile(stream, {
    maxBytes: deps.limits.maxBytes,
    directory: deps.directory,
    ...(signal && { signal }),
  })
  try {
    return await storeImage(deps, tenantId, spooled, signal)
  } finally {
    await rm(spooled.path, { force: true })
  }
}

async function reuseImage(deps: ImageDeps, tenantId: string, originalSha256: string): Promise<ImageRow | null> {
  const { rows } = await deps.db.query<ImageRow>(
    sql`update image set touched_at = now()
        where id = (select id from image
                    where tenant_id = ${tenantId}::uuid and original_sha256 = ${originalSha256} and status = 'READY'
                    order by id limit 1)
          and status = 'READY'
        returning ${imageColumns}`,
  )
  return rows[0] ?? null
}

async function store(
  deps: ImageDeps,
  tenantId: string,
  source: Spooled | Buffer,
  signal?: AbortSignal,
): Promise<ImageRow> {
  const picture = await deps.gate(() => normalizeImage(source, deps), signal)
  try {
    return await keep(deps, tenantId, picture, source, signal)
  } finally {
    const isOwnFile = 'path' in picture.body && (Buffer.isBuffer(source) || picture.body.path !== source.path)
    if (isOwnFile && 'path' in picture.body) await rm(picture.body.path, { force: true })
  }
}

async function keep(
  deps: ImageDeps,
  tenantId: string,
  picture: NormalizedImage,
  source: Spooled | Buffer,
  signal?: AbortSignal,
): Promise<ImageRow> {
  const { byteSize, contentType, sha256 } = picture
  const originalSha256 = Buffer.isBuffer(source) ? sha256 : source.sha256
  const isUpload = !Buffer.isBuffer(source)
  const key = `${tenantId}/${sha256.slice(0, 2)}/${sha256}.${extensionOf(contentType)}`
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const row = await announce(deps, { tenantId, picture, originalSha256, key, isUpload })
    if (row.status === 'READY') return row
    const body = 'path' in picture.body ? createReadStream(picture.body.path) : Readable.from([picture.body.bytes])
    await deps.storage.put(key, body, { contentType, byteSize, ifAbsent: true }, signal)
    const { rows } = await deps.db.query<ImageRow>(
      sql`update image set status = 'READY', touched_at = now()
          where id = ${row.id}::uuid ${isUpload ? sql`` : withoutWaiting} returning ${imageColumns}`,
    )
    if (rows[0]) return rows[0]
    // Deleted by its owner between our two statements, object and all: begin again.
  }
  throw new StorageError('The image was removed each time it was stored.')
}

// The commit of the round that names an engine's picture is the next one, and brings this one to the disk with it.
const withoutWaiting: SqlStatement = sql`and set_config('synchronous_commit', 'off', true) is not null`

type Announcement = { tenantId: string; picture: NormalizedImage; originalSha256: string; key: string }

/** The committed row. Only uploads can be refused by the quota, and only new bytes count: a round's picture was asked for. */
async function announce(deps: ImageDeps, image: Announcement & { isUpload: boolean }): Promise<ImageRow> {
  if (!image.isUpload) return upsert(deps.db, image)
  return deps.db.transaction(async tx => {
    const { tenantId, picture } = image
    const known = await tx.query(
      sql`select from image where tenant_id = ${tenantId}::uuid and sha256 = ${picture.sha256}`,
    )
    if (known.rowCount === 0) await checkQuota(tx, { tenantId, bytes: picture.byteSize })
    return upsert(tx, image)
  })
}

async function upsert(db: Queryable, { tenantId, picture, originalSha256, key }: Announcement): Promise<ImageRow> {
  const { byteSize, contentType, height, sha256, width } = picture
  const { rows } = await db.query<ImageRow>(
    sql`insert into image (id, tenant_id, status, sha256, original_sha256, content_type, width, height, byte_size, object_key)
        values (${uuidv7()}::uuid, ${tenantId}::uuid, 'PENDING', ${sha256}, ${originalSha256}, ${contentType},
                ${width}::int, ${height}::int, ${byteSize}::bigint, ${key})
        on conflict (tenant_id, sha256) do update set touched_at = now()
        returning ${imageColumns}`,
  )
  const [row] = rows
  if (!row) throw new Error('An upsert gave no row')
  return row
}
