import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import { ExportActiveError } from './errors.ts'
import { type ExportStatus, isEnded } from './export-row.ts'
import { removeExportFiles } from './remove-export-files.ts'

type Deps = { db: Db; storage: ObjectStorage }

/**
 * Removes an export that has ended with the files that are its own; pictures that it places stay for whoever else has them.
 * It is failed from the first step on, so that nobody is given it any more; a second call, or the sweeper, ends what a first
 * one began. Throws NotFoundError for a foreign export, ExportActiveError for an unfinished one.
 */
export async function deleteExport(deps: Deps, target: { tenantId: string; exportId: string }): Promise<void> {
  const { tenantId, exportId } = target
  await deps.db.transaction(async tx => {
    const { rows } = await tx.query<{ status: ExportStatus }>(sql`
      select status::text as status from export
      where id = ${exportId}::uuid and tenant_id = ${tenantId}::uuid for no key update`)
    const found = rows[0]
    if (!found) throw new NotFoundError('exportId', 'export')
    if (!isEnded(found.status)) throw new ExportActiveError(found.status)
    await tx.query(sql`
      update export set status = 'FAILED', content_hash = null, error_code = 'DELETED',
        error_message = 'The export is being deleted.'
      where id = ${exportId}::uuid`)
  })
  await endDeletion(deps, exportId)
}

/** Ends all deletions that were begun, since whoever began one may have died. */
export async function endDeletions(deps: Deps): Promise<void> {
  const { rows } = await deps.db.query<{ id: string }>(sql`select id from export where error_code = 'DELETED'`)
  for (const { id } of rows) await endDeletion(deps, id)
}

async function endDeletion(deps: Deps, exportId: string): Promise<void> {
  await removeExportFiles(deps, exportId)
  await deps.db.query(sql`delete from export where id = ${exportId}::uuid and error_code = 'DELETED'`)
}
