import type { Tx } from '../db.ts'
import { commaList, type SqlStatement, sql } from '../sql.ts'

/** What can happen to a job; JOB_FINISHED ends a run, feedback and forks may follow it. */
type JobEventType =
  | 'JOB_QUEUED'
  | 'JOB_STARTED'
  | 'ROUND_STARTED'
  | 'ROUND_EDITED'
  | 'ROUND_CRITIQUED'
  | 'ROUND_FAILED'
  | 'STAGE_RETRYING'
  | 'JOB_CANCEL_REQUESTED'
  | 'JOB_FINISHED'
  | 'JOB_RETRIED'
  | 'JOB_FORKED'
  | 'CRITIQUE_ADDED'

/** An event about to be written. What it names is kept as it was; `retryDelayMs` counts from the database's now. */
export type NewEvent = {
  type: JobEventType
  roundId?: string
  critiqueId?: string
  status?: string
  stopReason?: string
  stage?: string
  code?: string
  message?: string
  isRetryable?: boolean
  retryDelayMs?: number
  forkId?: string
}

/**
 * Appends to the job's log: seq goes on without a gap, watchers hear of it at the commit. Needs the job's lock, so seq
 * order is commit order. The row's transaction id gives the tenant's log its position; it is never below that of the
 * event before, since a transaction that got its id first may still get the job's lock second.
 */
export async function appendEvents(tx: Tx, jobId: string, events: readonly NewEvent[]): Promise<void> {
  if (events.length > 0) await tx.query(sql`with ${eventParts(jobId, events)} ${notifyWatchers}`)
}

/** The same for several jobs that this transaction has just created (it changes no more than one that existed). */
export async function appendEventsOfJobs(
  tx: Tx,
  logs: readonly { jobId: string; events: readonly NewEvent[] }[],
): Promise<void> {
  const rows = logs.flatMap(({ jobId, events }) => events.map((event, i) => ({ ...event, jobId, place: i + 1 })))
  await tx.query(sql`
    with new_event (${eventColumns}) as (
      select "jobId", "place", "type", "roundId", "critiqueId", "status", "stopReason", "stage", "code", "message",
        "isRetryable", "retryDelayMs", "forkId"
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as e(
        "jobId" uuid, "place" int, "type" text, "roundId" uuid, "critiqueId" uuid, "status" text, "stopReason" text,
        "stage" text, "code" text, "message" text, "isRetryable" boolean, "retryDelayMs" float8, "forkId" uuid)
    ), counted as (
      update job set event_seq = job.event_seq + added.events
      from (select job_id, count(*)::int as events from new_event group by job_id) as added
      where job.id = added.job_id
      returning job.id, job.tenant_id, job.run, job.event_seq, added.events
    ), ${appendedPart}
    ${notifyWatchers}`)
}

/**
 * The same for one job (and at least one event) as parts of a larger `with`, to which `notifyWatchers` belongs as (one of)
 * its selects. A statement changes a row once, so what else changes in the job goes in here: `alsoSet` begins with a comma.
 * Its rows are written out one by one, so that the plan is made for few. Nothing is written where `when` does not hold.
 */
export function eventParts(
  jobId: string,
  events: readonly NewEvent[],
  { alsoSet = sql``, when = sql`true` }: { alsoSet?: SqlStatement; when?: SqlStatement } = {},
): SqlStatement {
  const rows = events.map((event, i) => toRow(jobId, i + 1, event))
  return sql`
    new_event (${eventColumns}) as (
      values ${commaList(rows)}
    ), counted as (
      update job set event_seq = event_seq + ${events.length}::int ${alsoSet}
      where id = ${jobId}::uuid and ${when}
      returning id, tenant_id, run, event_seq, ${events.length}::int as events
    ), ${appendedPart}`
}

function toRow(jobId: string, place: number, event: NewEvent): SqlStatement {
  const { type, roundId, critiqueId, status, stopReason, stage, code, message, isRetryable, retryDelayMs, forkId } =
    event
  return sql`(${jobId}::uuid, ${place}::int, ${type}::text, ${roundId}::uuid, ${critiqueId}::uuid, ${status}::text,
    ${stopReason}::text, ${stage}::text, ${code}::text, ${message}::text, ${isRetryable}::boolean,
    ${retryDelayMs}::float8, ${forkId}::uuid)`
}

/** The columns of `new_event`, the events about to be appended, `place` counting from 1 in each job. */
export const eventColumns: SqlStatement = sql`job_id, place, type, round_id, critique_id, status, stop_reason, stage, code,
  message, is_retryable, retry_delay_ms, fork_id`

/** Writes `new_event` behind the logs of the jobs in `counted`, whose event_seq has been raised by `events` already. */
export const appendedPart: SqlStatement = sql`
  appended as (
    insert into job_event (job_id, seq, tenant_id, epoch, xid, type, run, round_id, critique_id, status, stop_reason,
      stage, code, message, is_retryable, retry_at, fork_id)
    select j.id, j.event_seq - j.events + e.place, j.tenant_id, log.epoch,
      greatest(pg_current_xact_id(), (
        select last.xid from job_event last
        where last.job_id = j.id and last.seq = j.event_seq - j.events and last.epoch = log.epoch)),
      e.type::job_event_type, j.run, e.round_id, e.critique_id, e.status::job_status, e.stop_reason::stop_reason,
      e.stage::stage, e.code, e.message, e.is_retryable,
      clock_timestamp() + e.retry_delay_ms * interval '1 millisecond', e.fork_id
    from new_event e join counted j on j.id = e.job_id cross join (select epoch from event_log limit 1) as log
  )`

/** Tells the watchers of each job (`counted`) how far its log goes. */
export const notifyWatchers: SqlStatement = sql`
  select pg_notify('job_event', tenant_id || ' ' || id || ' ' || event_seq) from counted`
