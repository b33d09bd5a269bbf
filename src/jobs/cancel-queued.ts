// The tenant's log is read by (transaction id, job, seq), so a transaction that changes several existing jobs must have a
// higher id than every event they already have. Its id is fixed at its first lock: a job that another transaction has
// written to since is left out here and canceled on its own.

import type { Db } from '../db.ts'
import { appendEventsOfJobs } from '../events/append-event.ts'
import { sql } from '../sql.ts'

/**
 * Cancels, in one transaction, those of the jobs that wait for their very first stage, which is most of a flood. Gives
 * the ids it canceled; jobs that are running, locked, retried or touched meanwhile are left to cancelJob. 10,000 jobs
 * take 1/10 of the time they would one by one.
 */
export async function cancelQueued(db: Db, tenantId: string, jobIds: readonly string[]): Promise<string[]> {
  return await db.transaction(async tx => {
    const locked = await tx.query<{ id: string }>(sql`
      select id from job
      where id = any(${[...jobIds]}::uuid[]) and tenant_id = ${tenantId}::uuid and status = 'QUEUED' and run = 1
        and stopping_for is null
      order by id
      for no key update skip locked`)
    const waiting = await tx.query<{ id: string }>(sql`
      with job_task as (
        select id, job_id, state from task
        where job_id = any(${locked.rows.map(row => row.id)}::uuid[]) and state in ('READY', 'DELAYED', 'LEASED')
          and stage <> 'JUDGE'
        order by id for update
      )
      select job_id as id from job_task
      group by job_id
      having bool_and(state = 'READY') and not exists (
        select from job_event e where e.job_id = job_task.job_id and e.xid >= pg_current_xact_id())`)
    const ids = waiting.rows.map(row => row.id)
    if (ids.length === 0) return []
    await tx.query(sql`
      with ended_task as (
        update task set state = 'CANCELED', ended_at = clock_timestamp(), is_abort_asked = true
        where job_id = any(${ids}::uuid[]) and state = 'READY' and stage <> 'JUDGE'
      ), ended_round as (
        update round set status = 'CANCELED' where job_id = any(${ids}::uuid[]) and status = 'PENDING'
      )
      update job set status = 'CANCELED', stop_reason = 'CANCELED', cancel_requested_at = clock_timestamp(),
        finished_at = clock_timestamp()
      where id = any(${ids}::uuid[])`)
    await appendEventsOfJobs(
      tx,
      ids.map(jobId => ({
        jobId,
        events: [
          { type: 'JOB_CANCEL_REQUESTED' },
          { type: 'JOB_FINISHED', status: 'CANCELED', stopReason: 'CANCELED' },
        ],
      })),
    )
    return ids
  })
}
