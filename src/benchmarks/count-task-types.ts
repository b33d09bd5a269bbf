import type { Queryable } from '../db.ts'
import type { StatusCounts } from '../jobs/count-batch.ts'
import { sql } from '../sql.ts'

/** A task type of a run, in one language: how many of its items are in each status. */
export type TaskTypeCounts = { taskType: string; language: string; counts: StatusCounts }

/** The task types of the tenant's runs, by the run's label and in the order of their names; of a run without jobs: none. */
export async function countTaskTypes(
  db: Queryable,
  tenantId: string,
  labels: readonly string[],
): Promise<Map<string, TaskTypeCounts[]>> {
  const { rows } = await db.query<TaskTypeCounts & { label: string }>(sql`
    select label, "taskType", language, jsonb_object_agg(status, jobs order by status) as counts
    from (
      select batch as label, coalesce(metadata->'benchmark'->>'taskType', '') as "taskType",
        coalesce(metadata->'benchmark'->>'language', '') as language, status, count(*) as jobs
      from job
      where tenant_id = ${tenantId}::uuid and batch = any(${[...labels]}::text[])
      group by 1, 2, 3, 4) as counted
    group by label, "taskType", language
    order by label, "taskType" collate "C", language`)
  const byLabel = new Map<string, TaskTypeCounts[]>()
  for (const { label, ...counted } of rows) byLabel.set(label, [...(byLabel.get(label) ?? []), counted])
  return byLabel
}
