import { v7 } from 'uuid'
import { type Db, isUniqueViolation } from '../db.ts'
import { sql } from '../sql.ts'
import { DatasetExistsError, DatasetLimitError } from './errors.ts'

const MAX_DATASETS = 10_000

/** Creates an empty dataset and returns its id; the name is checked at the edge. DatasetExistsError, DatasetLimitError. */
export async function createDataset(
  db: Db,
  { tenantId, name, description }: { tenantId: string; name: string; description: string | null },
): Promise<string> {
  const { rows } = await db.query<{ isFull: boolean }>(sql`
    select count(*) >= ${MAX_DATASETS}::int as "isFull" from dataset where tenant_id = ${tenantId}::uuid`)
  if (rows[0]?.isFull) {
    throw new DatasetLimitError(`There may be ${MAX_DATASETS} datasets; delete one first.`, MAX_DATASETS)
  }
  const id = v7()
  try {
    await db.query(sql`
      insert into dataset (id, tenant_id, name, description)
      values (${id}::uuid, ${tenantId}::uuid, ${name}, ${description})`)
  } catch (error) {
    if (isUniqueViolation(error, 'dataset_tenant_id_name_key')) throw new DatasetExistsError(name)
    throw error
  }
  return id
}
