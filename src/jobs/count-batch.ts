import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import type { JobStatus } from './job-row.ts'

/** How many jobs are in each status; one that none is in is left out. */
export type StatusCounts = Partial<Record<JobStatus, number>>

/** The tenant's batches of these labels, by label; one without jobs is absent. */
export async function countBatches(
  db: Queryable,
  tenantId: string,
  labels: readonly string[],
): Promise<Map<string, StatusCounts>> {
  const { rows } = await db.query<{ label: string; counts: StatusCounts }>(sql`
    select label, jsonb_object_agg(status, jobs order by status) as counts
    from (
      select batch as label, status, count(*) as jobs from job
      where tenant_id = ${tenantId}::uuid and batch = any(${[...labels]}::text[])
      group by batch, status) as counted
    group by label`)
  return new Map(rows.map(({ label, counts }) => [label, counts]))
}

/** Whether none of them waits or runs. */
export function isBatchOver(counts: StatusCounts): boolean {
  return !counts.QUEUED && !counts.RUNNING
}
