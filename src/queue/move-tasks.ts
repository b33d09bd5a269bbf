import type { Tx } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * Moves a job's waiting edits to another queue and wakes it; gives their rounds. There they wait for the tenant's turn
 * like new ones: what failed elsewhere counts no more. One that was submitted to a provider already stays where its
 * answer is. `taskId`: this one alone. Needs the job's lock.
 */
export async function moveTasks(
  tx: Tx,
  move: { jobId: string; tenantId: string; from: string; to: string; taskId?: string },
): Promise<{ roundIds: string[] }> {
  const { jobId, tenantId, from, to, taskId = null } = move
  const { rows } = await tx.query<{ roundId: string }>(sql`
    with queue_row as (
      insert into queue_clock (queue) values (${to}) on conflict do nothing
    ), tenant_row as (
      insert into tenant_clock (queue, tenant_id) values (${to}, ${tenantId}::uuid) on conflict do nothing
    ), waiting as (
      select id from task
      where job_id = ${jobId}::uuid and queue = ${from} and state = 'READY' and stage = 'EDIT' and submitted_at is null
        and (${taskId}::uuid is null or id = ${taskId}::uuid)
      order by id for update skip locked
    ), moved as (
      update task set queue = ${to}, failures = 0, boost = 0, endpoint_id = null, first_claimed_at = null
      from waiting
      where task.id = waiting.id
      returning task.round_id
    )
    select round_id as "roundId", pg_notify('task', ${to}) from moved`)
  return { roundIds: rows.map(row => row.roundId) }
}
