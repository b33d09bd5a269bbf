import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import { EXPORT_PREFIX } from './export-key.ts'

const STEP = 5_000

/**
 * Forgets the files of an export that has ended, and removes those that are its own from the store. In small steps, since a
 * long write would hold up the event streams; what a crash leaves is swept (sweep-exports.ts).
 */
export async function removeExportFiles(
  { db, storage }: { db: Db; storage: ObjectStorage },
  exportId: string,
): Promise<void> {
  for (;;) {
    const { rows } = await db.query<{ key: string }>(sql`
      delete from export_file where (export_id, position) in (
        select export_id, position from export_file where export_id = ${exportId}::uuid limit ${STEP}::int)
      returning object_key as key`)
    await storage.remove(rows.map(({ key }) => key).filter(key => key.startsWith(EXPORT_PREFIX)))
    if (rows.length < STEP) return
  }
}
