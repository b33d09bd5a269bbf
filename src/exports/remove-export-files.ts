import type { Tx } from '../db.ts'
import { sql } from '../sql.ts'
import { EXPORT_PREFIX } from './export-key.ts'

/**
 * Forgets the files of an export and gives the keys of those that are its own, to be removed from the store once this is
 * committed. What a crash leaves there is swept (sweep-exports.ts).
 */
export async function removeExportFiles(tx: Tx, exportId: string): Promise<string[]> {
  const { rows } = await tx.query<{ key: string }>(sql`
    with gone as (delete from export_file where export_id = ${exportId}::uuid returning object_key)
    select object_key as key from gone where starts_with(object_key, ${EXPORT_PREFIX})`)
  return rows.map(({ key }) => key)
}
