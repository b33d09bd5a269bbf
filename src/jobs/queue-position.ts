import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * How many stages would be started before each job's first waiting one, counted from 1: those of its own tenant ahead of
 * it, and as many of every other tenant as take turns with it. An estimate, since others may still come or go. Jobs with
 * nothing waiting are absent from the map.
 */
export async function queuePosition(db: Queryable, jobIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ jobId: string; position: number }>(sql`
    with asked as (
      select distinct on (job_id) job_id, id, queue from task
      where job_id = any(${[...jobIds]}::uuid[]) and state = 'READY' and is_first
      order by job_id, id
    ), waiting as (
      select id, queue, tenant_id, row_number() over (
        partition by queue, tenant_id order by boost desc, priority desc, round_index desc, job_id, candidate) as place
      from task
      where state = 'READY' and queue in (select queue from asked)
    ), depth as (
      select queue, tenant_id, count(*) as tasks from waiting group by queue, tenant_id
    )
    select asked.job_id as "jobId", waiting.place + coalesce((
      select sum(least(depth.tasks, waiting.place)) from depth
      where depth.queue = waiting.queue and depth.tenant_id <> waiting.tenant_id), 0)::bigint as position
    from asked join waiting using (id)`)
  return new Map(rows.map(row => [row.jobId, row.position]))
}
