import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'

const ROWS_A_STEP = 10_000

/**
 * Deletes a dataset with its versions and their exports; the trajectories stay. In small steps, since a long write would
 * hold up the event streams; its versions are failed and its exports canceled from the first on, and a second call ends
 * what a first one began.
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
    ), canceled as (
      update export x set status = 'CANCELED', content_hash = null, owner = null, lease_until = null,
        finished_at = coalesce(x.finished_at, clock_timestamp())
      from found join dataset_version v on v.dataset_id = found.id
      where x.version_id = v.id and x.status in ('QUEUED', 'RUNNING', 'DONE')
    )
    select 1 from found`)
  if (rowCount === 0) throw new NotFoundError('datasetId', 'dataset')
  const versions = sql`select v.id from dataset_version v where v.dataset_id = ${datasetId}::uuid`
  const files = sql`
    delete from export_file where (export_id, position) in (
      select f.export_id, f.position from export x join export_file f on f.export_id = x.id
      where x.version_id in (${versions})
      limit ${ROWS_A_STEP}::int)`
  const samples = sql`
    delete from dataset_sample where (version_id, position) in (
      select s.version_id, s.position from dataset_sample s where s.version_id in (${versions})
      limit ${ROWS_A_STEP}::int)`
  for (const step of [files, samples]) while ((await db.query(step)).rowCount === ROWS_A_STEP);
  await db.query(sql`delete from dataset where id = ${datasetId}::uuid and tenant_id = ${tenantId}::uuid`)
}
