import type { JobStatus, Stage, StopReason } from '../generated/prisma/enums.ts'
import { sql } from '../sql.ts'

type Common = { readonly jobId: string; readonly seq: number; readonly at: Date }

/** One entry of a job's log as it was written: `seq` counts 1, 2, 3 ... per job without gaps, in commit order. */
export type LoggedEvent = Common & { readonly tenantId: string; readonly run: number } & (
    | { readonly type: 'JOB_QUEUED' | 'JOB_STARTED' | 'JOB_CANCEL_REQUESTED' | 'JOB_RETRIED' }
    | { readonly type: 'ROUND_STARTED' | 'ROUND_EDITED'; readonly roundId: string }
    | { readonly type: 'ROUND_CRITIQUED'; readonly roundId: string; readonly critiqueId: string }
    | { readonly type: 'ROUND_FAILED'; readonly roundId: string; readonly error: EventError }
    | { readonly type: 'STAGE_RETRYING'; readonly stage: Stage; readonly code: string; readonly retryAt: Date }
    | { readonly type: 'JOB_FINISHED'; readonly status: JobStatus; readonly stopReason: StopReason }
    | { readonly type: 'JOB_FORKED'; readonly forkId: string | null }
    | { readonly type: 'CRITIQUE_ADDED'; readonly critiqueId: string }
  )

type EventError = { readonly code: string; readonly message: string; readonly isRetryable: boolean }

/**
 * Said instead of silence: the events from `fromSeq` to `toSeq` cannot be given. `seq` = `toSeq`. In a tenant's stream
 * the gap is not one job's: `jobId` is null and the numbers are 0.
 */
export type EventGap = {
  readonly type: 'EVENT_GAP'
  readonly jobId: string | null
  readonly seq: number
  readonly at: Date
  readonly fromSeq: number
  readonly toSeq: number
  readonly reason: string
}

/** What a reader of a job's log meets. */
export type JobEvent = LoggedEvent | EventGap

/** A row of job_event under the names of `eventColumns`. */
export type EventRow = Common & {
  readonly tenantId: string
  readonly run: number
  readonly type: LoggedEvent['type']
  readonly roundId: string | null
  readonly critiqueId: string | null
  readonly status: JobStatus | null
  readonly stopReason: StopReason | null
  readonly stage: Stage | null
  readonly code: string | null
  readonly message: string | null
  readonly isRetryable: boolean | null
  readonly retryAt: Date | null
  readonly forkId: string | null
}

/** The columns of job_event, aliased `e`, that make an EventRow. */
export const eventColumns = sql`
  e.job_id as "jobId", e.seq, e.at, e.tenant_id as "tenantId", e.run, e.type, e.round_id as "roundId",
  e.critique_id as "critiqueId", e.status, e.stop_reason as "stopReason", e.stage, e.code, e.message,
  e.is_retryable as "isRetryable", e.retry_at as "retryAt", e.fork_id as "forkId"`

/** The row as its own kind of event. Throws where a column that the type needs is empty, which only a defect can cause. */
export function toLoggedEvent(row: EventRow): LoggedEvent {
  const { jobId, seq, at, tenantId, run, type } = row
  const common = { jobId, seq, at, tenantId, run }
  const need = <Value>(value: Value | null, column: string): Value => {
    if (value === null) throw new Error(`Event ${seq} of job ${jobId}, a ${type}, has no ${column}.`)
    return value
  }
  switch (type) {
    case 'JOB_QUEUED':
    case 'JOB_STARTED':
    case 'JOB_CANCEL_REQUESTED':
    case 'JOB_RETRIED':
      return { ...common, type }
    case 'ROUND_STARTED':
    case 'ROUND_EDITED':
      return { ...common, type, roundId: need(row.roundId, 'round_id') }
    case 'ROUND_CRITIQUED':
      return {
        ...common,
        type,
        roundId: need(row.roundId, 'round_id'),
        critiqueId: need(row.critiqueId, 'critique_id'),
      }
    case 'ROUND_FAILED': {
      const error = {
        code: need(row.code, 'code'),
        message: need(row.message, 'message'),
        isRetryable: row.isRetryable ?? false,
      }
      return { ...common, type, roundId: need(row.roundId, 'round_id'), error }
    }
    case 'STAGE_RETRYING':
      return {
        ...common,
        type,
        stage: need(row.stage, 'stage'),
        code: need(row.code, 'code'),
        retryAt: need(row.retryAt, 'retry_at'),
      }
    case 'JOB_FINISHED':
      return { ...common, type, status: need(row.status, 'status'), stopReason: need(row.stopReason, 'stop_reason') }
    case 'JOB_FORKED':
      return { ...common, type, forkId: row.forkId }
    case 'CRITIQUE_ADDED':
      return { ...common, type, critiqueId: need(row.critiqueId, 'critique_id') }
    default:
      return type satisfies never
  }
}

/** The gap of a job that was deleted before its events from `fromSeq` on were given. */
export function makeDeletionGap(jobId: string, fromSeq: number, toSeq: number): EventGap {
  return makeGap(jobId, fromSeq, toSeq, 'The job was deleted.')
}

/** The gap of a reader who claims to have read up to `after` in a log that ends at `lastSeq`. */
export function makeBeyondGap(jobId: string, lastSeq: number, after: number): EventGap {
  return makeGap(jobId, lastSeq + 1, after, `The job's last event is ${lastSeq}: there are none up to ${after}.`)
}

function makeGap(jobId: string, fromSeq: number, toSeq: number, reason: string): EventGap {
  return { type: 'EVENT_GAP', jobId, seq: toSeq, at: new Date(), fromSeq, toSeq, reason }
}
