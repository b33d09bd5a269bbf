import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import { endDeletions } from './delete-export.ts'
import { EXPORT_PREFIX, exportOfKey } from './export-key.ts'
import { removeExportFiles } from './remove-export-files.ts'

const DAY_MS = 24 * 3_600_000
const STEP = 500

/**
 * Ends deletions that were begun, and removes files of exports that are gone, failed or were canceled, a day after they
 * were written. Lists them all: run it daily.
 */
export async function sweepExports(deps: { db: Db; storage: ObjectStorage }, now = Date.now()): Promise<number> {
  await endDeletions(deps)
  await removeLeftFiles(deps)
  let removed = 0
  let old: string[] = []
  const flush = async () => {
    const ids = [...new Set(old.map(key => exportOfKey(key)))]
    const { rows } = await deps.db.query<{ id: string }>(sql`
      select id from export where id::text = any(${ids}::text[]) and status in ('QUEUED', 'RUNNING', 'DONE')`)
    const needed = new Set(rows.map(({ id }) => id))
    const gone = old.filter(key => !needed.has(exportOfKey(key) ?? ''))
    await deps.storage.remove(gone)
    removed += gone.length
    old = []
  }
  for await (const { key, modifiedAt } of deps.storage.list(EXPORT_PREFIX)) {
    if (modifiedAt.getTime() < now - DAY_MS) old.push(key)
    if (old.length === STEP) await flush()
  }
  await flush()
  return removed
}

/** Whoever ended an export may have died before its files were forgotten, and each picture among them is kept till then. */
async function removeLeftFiles(deps: { db: Db; storage: ObjectStorage }): Promise<void> {
  const { rows } = await deps.db.query<{ id: string }>(sql`
    select id from export
    where status in ('FAILED', 'CANCELED') and exists (select from export_file where export_id = export.id)`)
  for (const { id } of rows) await removeExportFiles(deps, id)
}
