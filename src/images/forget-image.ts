// How an image ends. Two short transactions, each under the row's lock: the first makes the row PENDING, so that whoever
// stores the same bytes from now on puts them again; the second deletes row and object together. Dying anywhere between
// leaves at worst a PENDING row, which is swept a day later or stored anew. Nobody can add a reference meanwhile: a foreign
// key's check waits for the lock.

import type { Tx } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { ImageDeps } from './image-row.ts'
import { variantsOf } from './image-variant.ts'

/** True of an image that no job, round, reference, judge's picture or exported file points to. */
export const isImageUnneeded: SqlStatement = sql`not exists (select from job where job.source_id = image.id)
  and not exists (select from job where job.mask_id = image.id)
  and not exists (select from job_reference where job_reference.image_id = image.id)
  and not exists (select from job_picture where job_picture.image_id = image.id)
  and not exists (select from round where round.image_id = image.id)
  and not exists (select from round where round.base_image_id = image.id)
  and not exists (select from export_file where export_file.object_key = image.object_key)`

/** `needed`: a job points to it. `absent`: no such row, or `condition` does not hold (any more). */
export type Forgotten = 'forgotten' | 'needed' | 'absent'

/** Deletes the image, its object and its variants if it is unneeded and `condition` (over `image`) holds. */
export async function forgetImage(deps: ImageDeps, imageId: string, condition: SqlStatement): Promise<Forgotten> {
  const marked = await deps.db.transaction(async tx => {
    const found = await examine(tx, imageId, condition)
    if (found === null) return 'absent' as const
    if (!found.isUnneeded) return 'needed' as const
    await tx.query(sql`update image set status = 'PENDING' where id = ${imageId}::uuid`)
    return found
  })
  if (typeof marked === 'string') return marked

  const outcome = await deps.db.transaction(async tx => {
    const found = await examine(tx, imageId, condition)
    if (found === null) return 'absent' as const
    if (!found.isUnneeded) {
      await tx.query(sql`update image set status = 'READY' where id = ${imageId}::uuid`)
      return 'needed' as const
    }
    // The row first: should anything unforeseen point to it, this fails while the object is still there.
    await tx.query(sql`delete from image where id = ${imageId}::uuid`)
    await deps.storage.remove([found.objectKey])
    return 'forgotten' as const
  })
  if (outcome === 'forgotten') await removeVariants(deps, marked.objectKey)
  return outcome
}

type Examined = { objectKey: string; isUnneeded: boolean }

async function examine(tx: Tx, imageId: string, condition: SqlStatement): Promise<Examined | null> {
  const { rows } = await tx.query<{ objectKey: string }>(
    sql`select object_key as "objectKey" from image where id = ${imageId}::uuid and ${condition} for update`,
  )
  if (!rows[0]) return null
  // A statement of its own, so that it sees what was committed before the lock was granted.
  const { rows: needs } = await tx.query<{ isUnneeded: boolean }>(
    sql`select ${isImageUnneeded} as "isUnneeded" from image where id = ${imageId}::uuid`,
  )
  return { objectKey: rows[0].objectKey, isUnneeded: needs[0]?.isUnneeded ?? false }
}

async function removeVariants(deps: ImageDeps, objectKey: string): Promise<void> {
  const keys: string[] = []
  for await (const { key } of deps.storage.list(variantsOf(objectKey))) keys.push(key)
  await deps.storage.remove(keys)
}
