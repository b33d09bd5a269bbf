import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from '../sql.ts'
import { forgetImage, isImageUnneeded } from './forget-image.ts'
import type { ImageDeps } from './image-row.ts'
import { VARIANT_PREFIX } from './image-variant.ts'
import { SPOOL_PREFIX } from './spool.ts'

/** How many of each were removed. */
export type Swept = { images: number; uploads: number; files: number }

const HOUR_MS = 3_600_000
const UNTOUCHED_MS = 24 * HOUR_MS
const VARIANT_MS = 30 * 24 * HOUR_MS
const STEP = 500

/**
 * Removes images that no job needs and nobody touched for a day, uploads a day after their link ended, and files a crash
 * left in the spool. Run it about hourly; several at once do no harm. Each image is a transaction of its own, which is
 * open while its object is removed and holds back the tenant-wide event stream meanwhile: hence the check beforehand.
 */
export async function sweepImages(deps: ImageDeps, signal?: AbortSignal, now = Date.now()): Promise<Swept> {
  await deps.storage.check()
  const before = new Date(now - UNTOUCHED_MS)
  await restoreNeeded(deps, before)
  return {
    images: await sweepRows(deps, before, signal),
    uploads: await sweepUploads(deps, before, signal),
    files: await sweepFiles(deps.directory, before),
  }
}

/** Removes variants made 30 days ago or earlier; they are made again when asked for. Lists them all: run it daily. */
export async function sweepVariants(deps: Pick<ImageDeps, 'storage'>, now = Date.now()): Promise<number> {
  const before = now - VARIANT_MS
  let removed = 0
  let old: string[] = []
  const flush = async () => {
    await deps.storage.remove(old)
    removed += old.length
    old = []
  }
  for await (const { key, modifiedAt } of deps.storage.list(VARIANT_PREFIX)) {
    if (modifiedAt.getTime() < before) old.push(key)
    if (old.length === STEP) await flush()
  }
  await flush()
  return removed
}

async function sweepRows(deps: ImageDeps, before: Date, signal?: AbortSignal): Promise<number> {
  const untouched = sql`image.touched_at < ${before}::timestamptz`
  let removed = 0
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const { rows } = await deps.db.query<{ id: string }>(
      sql`select id from image where id > ${after}::uuid and ${untouched} and ${isImageUnneeded}
          order by id limit ${STEP}::int4`,
    )
    for (const { id } of rows) {
      signal?.throwIfAborted()
      if ((await forgetImage(deps, id, untouched)) === 'forgotten') removed++
      after = id
    }
    if (rows.length < STEP) return removed
  }
}

/** A sweeper that died between its two transactions may leave a PENDING row that a job had come to need. */
async function restoreNeeded(deps: ImageDeps, before: Date): Promise<void> {
  const { rows } = await deps.db.query<{ id: string; objectKey: string }>(
    sql`select id, object_key as "objectKey" from image
        where status = 'PENDING' and touched_at < ${before}::timestamptz and not (${isImageUnneeded}) limit ${STEP}::int4`,
  )
  for (const { id, objectKey } of rows) {
    if (!(await deps.storage.stat(objectKey))) continue
    await deps.db.query(sql`update image set status = 'READY' where id = ${id}::uuid and status = 'PENDING'`)
  }
}

async function sweepUploads(deps: ImageDeps, before: Date, signal?: AbortSignal): Promise<number> {
  for (let removed = 0; ; ) {
    signal?.throwIfAborted()
    const { rows } = await deps.db.query<{ id: string; objectKey: string }>(
      sql`select id, object_key as "objectKey" from upload where expires_at < ${before}::timestamptz
          order by expires_at limit ${STEP}::int4`,
    )
    await deps.storage.remove(rows.map(({ objectKey }) => objectKey))
    await deps.db.query(sql`delete from upload where id = any(${rows.map(({ id }) => id)}::uuid[])`)
    removed += rows.length
    if (rows.length < STEP) return removed
  }
}

async function sweepFiles(directory: string, before: Date): Promise<number> {
  const names = await readdir(directory).catch(() => [])
  let removed = 0
  for (const name of names.filter(name => name.startsWith(SPOOL_PREFIX))) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => null)
    if (!found || found.mtime >= before) continue
    await rm(path, { force: true })
    removed++
  }
  return removed
}
