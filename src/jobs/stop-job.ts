import type { Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { tellAbandoned } from '../queue/record-submission.ts'
import { sql } from '../sql.ts'
import { finishStopped } from './finish-job.ts'
import type { JobRow } from './job-row.ts'

/**
 * Stops a locked, unfinished job: tasks nobody holds end at once, held ones are asked to abort (within a second, by
 * NOTIFY 'cancel', else by the heartbeat), and the job ends with the last of them, here if there is none. A provider that
 * works on one nobody holds is told by NOTIFY 'abandoned'. A user's cancel wins over a deadline. A judge's tasks go on.
 * Returns the events to append.
 */
export async function stopJob(tx: Tx, job: JobRow, reason: 'CANCELED' | 'DEADLINE'): Promise<NewEvent[]> {
  job.stoppingFor = reason
  const { rows } = await tx.query<{ isLeased: boolean }>(sql`
    with stopping as (
      update job set stopping_for = ${reason}::stop_reason,
        cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
      where id = ${job.id}::uuid
    ), mine as (
      select id from task
      where job_id = ${job.id}::uuid and state in ('READY', 'DELAYED', 'LEASED') and stage <> 'JUDGE'
      order by id for update
    )
    update task set
      state = case when state = 'LEASED' then state else 'CANCELED' end,
      ended_at = case when state = 'LEASED' then ended_at else clock_timestamp() end,
      is_abort_asked = true
    from mine
    where task.id = mine.id
    returning state = 'LEASED' as "isLeased", ${tellAbandoned}`)
  if (rows.some(task => task.isLeased)) {
    await tx.query(sql`select pg_notify('cancel', ${job.id})`)
    return []
  }
  return [await finishStopped(tx, job)]
}
