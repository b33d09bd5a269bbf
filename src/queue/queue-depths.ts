import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'

/** How much waits or runs in a queue, and since when its oldest has waited (seconds). */
export type QueueDepth = { queue: string; state: 'READY' | 'DELAYED' | 'LEASED'; tasks: number; oldestSeconds: number }

/** One row a queue and live state. */
export async function queueDepths(db: Queryable): Promise<QueueDepth[]> {
  const { rows } = await db.query<QueueDepth>(sql`
    select queue, state, count(*) as tasks,
      extract(epoch from clock_timestamp() - min(created_at))::float8 as "oldestSeconds"
    from task
    where state in ('READY', 'DELAYED', 'LEASED')
    group by queue, state
    order by queue, state`)
  return rows
}

/** For the closing-batch rule: how many jobs have not started here, and how long ago the last was submitted. */
export async function countUnstarted(
  db: Queryable,
  queue: string,
): Promise<{ unstarted: number; secondsSinceSubmit: number }> {
  const { rows } = await db.query<{ unstarted: number; secondsSinceSubmit: number | null }>(sql`
    select
      (select count(*) from task where queue = ${queue} and state = 'READY' and is_first) as unstarted,
      extract(epoch from clock_timestamp() - (
        select max(created_at) from task where queue = ${queue} and is_first))::float8 as "secondsSinceSubmit"`)
  const row = rows[0]
  return { unstarted: row?.unstarted ?? 0, secondsSinceSubmit: row?.secondsSinceSubmit ?? Number.POSITIVE_INFINITY }
}
