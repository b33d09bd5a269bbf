import { v7 } from 'uuid'
import { notifyWork } from '../background-work.ts'
import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { encodeEventCursor } from '../events/event-cursor.ts'
import { readSafePosition } from '../events/read-tenant-events.ts'
import { sql } from '../sql.ts'
import type { TrajectoryFilter } from '../trajectories/trajectory-filter.ts'
import { DatasetLimitError } from './errors.ts'
import type { Recipe } from './recipe.ts'
import type { Splits } from './splits.ts'

/** What a version is to hold; all of it checked at the edge. */
export type NewVersion = {
  tenantId: string
  datasetId: string
  filter: TrajectoryFilter
  recipe: Recipe
  splits: Splits
  /** The name of the key that asks. */
  by: string
}

const MAX_VERSIONS = 1_000
const MAX_BUILDING = 20

/**
 * Adds a version, which is built in the background, and returns its id. It holds what had ended when this was called,
 * however long it takes to build. Throws NotFoundError, and DatasetLimitError for the 21st that the tenant has building.
 */
export async function createVersion(db: Db, version: NewVersion): Promise<string> {
  const { tenantId, datasetId, filter, recipe, splits, by } = version
  // Everything that has been committed lies before the end. What is still open lies there too: the builder waits for it.
  const { end } = await readSafePosition(db)
  return await db.transaction(async tx => {
    const { rowCount } = await tx.query(sql`
      select 1 from dataset where id = ${datasetId}::uuid and tenant_id = ${tenantId}::uuid for no key update`)
    if (rowCount === 0) throw new NotFoundError('datasetId', 'dataset')
    const { rows } = await tx.query<{ last: number; building: number }>(sql`
      select coalesce((select max(number) from dataset_version where dataset_id = ${datasetId}::uuid), 0) as last,
        (select count(*) from dataset_version v join dataset d on d.id = v.dataset_id
          where v.status = 'BUILDING' and d.tenant_id = ${tenantId}::uuid) as building`)
    const { last = 0, building = 0 } = rows[0] ?? {}
    if (last >= MAX_VERSIONS) {
      throw new DatasetLimitError(`A dataset may have ${MAX_VERSIONS} versions; begin another dataset.`, MAX_VERSIONS)
    }
    if (building >= MAX_BUILDING) {
      throw new DatasetLimitError(`${MAX_BUILDING} versions are being built; wait until one is ready.`, MAX_BUILDING)
    }
    const id = v7()
    await tx.query(sql`
      insert into dataset_version (id, dataset_id, number, filter, recipe, splits, as_of, by)
      values (${id}::uuid, ${datasetId}::uuid, ${last + 1}::int, ${JSON.stringify(filter)}::jsonb,
        ${JSON.stringify(recipe)}::jsonb, ${JSON.stringify(splits)}::jsonb, ${encodeEventCursor(end)}, ${by})`)
    await notifyWork(tx, 'dataset_version')
    return id
  })
}
