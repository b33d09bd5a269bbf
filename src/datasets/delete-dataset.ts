import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'

const ROWS_A_STEP = 10_000

/**
 * Deletes a dataset with its versions and their exports; the trajectories stay. In small steps, since a long write would
 * hold up the event streams; its versions are failed from the first on, and a second call ends what a first one began.
 */
export async function deleteDataset(db: Db, target: { tenantId: string; datasetId: string }): Promise<void> {
  const { tenantId, datasetId } = target
  const { rowCount } = await db.query(sql`
    with found as (
      select id from dataset where id = ${datasetId}::uuid and tenant_id = ${tenantId}::uuid for no key update
    ), failed as (
      update dataset_version v set status = 'FAILED', content_hash = null, ready_at = null, owner = null,
        lease_until = null, error_code = 'DELETED', error_message = 'The dataset is being deleted.'
      from found where v.dataset_id = found.id
    )
    select 1 from found`)
  if (rowCount === 0) throw new NotFoundError('datasetId', 'dataset')
  for (;;) {
    const { rowCount: deleted } = await db.query(sql`
      delete from dataset_sample where (version_id, position) in (
        select s.version_id, s.position from dataset_version v join dataset_sample s on s.version_id = v.id
        where v.dataset_id = ${datasetId}::uuid
        limit ${ROWS_A_STEP}::int)`)
    if (deleted === 0) break
  }
  await db.query(sql`delete from dataset where id = ${datasetId}::uuid and tenant_id = ${tenantId}::uuid`)
}
