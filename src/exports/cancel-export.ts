import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import type { Caller } from '../tenancy/caller.ts'
import { ExportFinishedError } from './errors.ts'
import { type ExportStatus, isEnded, notifyProgress } from './export-row.ts'
import { removeExportFiles } from './remove-export-files.ts'

/**
 * Ends the caller's export at once and removes what it wrote. Whoever writes it finds out at its next step. Canceling one
 * that was canceled removes what may be left. Throws NotFoundError and ExportFinishedError.
 */
export async function cancelExport(
  deps: { db: Db; storage: ObjectStorage },
  caller: Caller,
  exportId: string,
): Promise<void> {
  await deps.db.transaction(async tx => {
    const { rows } = await tx.query<{ status: ExportStatus }>(sql`
      select status::text as status from export
      where id = ${exportId}::uuid and tenant_id = ${caller.tenantId}::uuid for no key update`)
    const found = rows[0]
    if (!found) throw new NotFoundError('exportId', 'export')
    if (found.status === 'CANCELED') return
    if (isEnded(found.status)) throw new ExportFinishedError(found.status)
    await tx.query(sql`
      update export set status = 'CANCELED', cancel_requested_at = clock_timestamp(), finished_at = clock_timestamp(),
        owner = null, lease_until = null
      where id = ${exportId}::uuid`)
    await notifyProgress(tx, exportId)
  })
  await removeExportFiles(deps, exportId)
}
