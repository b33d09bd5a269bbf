import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/** Which of the held tasks are no longer this worker's, and which it is asked to abort. Task ids. */
export type Renewal = { lost: string[]; abort: string[] }

/**
 * The heartbeat of one process: renews every lease it holds in one statement. A task that was reclaimed, ended or is
 * leased to another is `lost`: its call may be aborted, its result would be refused. A task that some transaction has
 * locked just now is renewed the next time: one writer that hangs must not cost the process all its leases.
 */
export async function renewLeases(
  db: Db,
  renewal: { workerId: string; held: readonly { id: string; token: number }[]; leaseMs: number },
): Promise<Renewal> {
  const { workerId, held, leaseMs } = renewal
  if (held.length === 0) return { lost: [], abort: [] }
  const { rows } = await db.query<{ id: string; isAbortAsked: boolean }>(sql`
    with held as (
      select * from unnest(${held.map(task => task.id)}::uuid[], ${held.map(task => task.token)}::int[]) as h(id, token)
    ), mine as (
      select task.id, task.is_abort_asked from task join held using (id, token)
      where task.owner = ${workerId}::uuid and task.state = 'LEASED'
    ), free as (
      select task.id from task join held using (id, token)
      where task.owner = ${workerId}::uuid and task.state = 'LEASED'
      order by task.id
      for update of task skip locked
    ), renewed as (
      update task set lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
      from free
      where task.id = free.id
    )
    select id, is_abort_asked as "isAbortAsked" from mine`)
  const mine = new Set(rows.map(row => row.id))
  return {
    lost: held.filter(task => !mine.has(task.id)).map(task => task.id),
    abort: rows.filter(row => row.isAbortAsked).map(row => row.id),
  }
}
