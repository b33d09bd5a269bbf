import type { Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { chooseBest } from '../loop/choose-best.ts'
import { decideDeadline, type FinishDecision } from '../loop/decide.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { JobRow } from './job-row.ts'
import { type LoadedState, loadState, toState } from './load-state.ts'

/** Why a job or a round failed, fit for users. */
export type JobFailure = { code: string; message: string; isRetryable: boolean }

/** Ends the job's run as the loop decided. Returns the event to append last. */
export async function finishJob(
  tx: Tx,
  job: JobRow,
  state: LoadedState,
  decision: FinishDecision,
  failure?: JobFailure,
): Promise<NewEvent> {
  return await endJob(tx, job, toJobEnd(state, decision, failure))
}

/** The end of a run as it is stored. A FAILED one has an error: the given one, or what the state tells. */
export function toJobEnd(state: LoadedState, decision: FinishDecision, failure?: JobFailure): JobEnd {
  const { status, stopReason, bestRoundId } = decision
  return {
    status,
    stopReason,
    bestRoundId,
    error: status === 'FAILED' ? (failure ?? findFailure(state, decision)) : null,
  }
}

/** Ends a job that is stopping once none of its tasks is leased any more. Null: not stopping, or not yet. */
export async function finishIfStopped(tx: Tx, job: JobRow): Promise<NewEvent | null> {
  if (job.stoppingFor === null) return null
  const { rows } = await tx.query(sql`
    select 1 from task where job_id = ${job.id}::uuid and state = 'LEASED' and stage <> 'JUDGE' limit 1`)
  return rows.length > 0 ? null : await finishStopped(tx, job)
}

/**
 * Ends a stopping job that holds no leased task: CANCELED, or what its deadline leaves. Rounds without a picture are
 * canceled; what was made stays and the best of it is the result.
 */
export async function finishStopped(tx: Tx, job: JobRow): Promise<NewEvent> {
  await tx.query(sql`
    update round set status = 'CANCELED' where job_id = ${job.id}::uuid and status = 'PENDING'`)
  // A job in its first run that never started has made nothing: no need to read it.
  const state = job.status === 'QUEUED' && job.run === 1 ? toState(job, []) : await loadState(tx, job)
  if (job.stoppingFor === 'DEADLINE') return await finishJob(tx, job, state, decideDeadline(state))
  const best = chooseBest(state.settings, state.rounds)
  return await endJob(tx, job, {
    status: 'CANCELED',
    stopReason: 'CANCELED',
    bestRoundId: best?.id ?? null,
    error: null,
  })
}

/** How a run ended. `bestRoundId`: the result's round; null: no picture was made. */
export type JobEnd = {
  status: 'SUCCEEDED' | 'FAILED' | 'CANCELED'
  stopReason: string
  bestRoundId: string | null
  error: JobFailure | null
}

/** Writes the end of a run. Returns the event to append last. */
export async function endJob(tx: Tx, job: JobRow, end: JobEnd): Promise<NewEvent> {
  await tx.query(sql`update job set ${endColumns(end)} where id = ${job.id}::uuid`)
  return toFinishedEvent(end)
}

/** What a run's end sets in its job, for an `update job set`. */
export function endColumns({ status, stopReason, bestRoundId, error }: JobEnd): SqlStatement {
  return sql`
    status = ${status}::job_status, stop_reason = ${stopReason}::stop_reason, best_round_id = ${bestRoundId}::uuid,
    stopping_for = null, finished_at = clock_timestamp(), error_code = ${error?.code ?? null},
    error_message = ${error?.message ?? null}, error_is_retryable = ${error?.isRetryable ?? null}::boolean`
}

/** The event of a run's end, always its last. */
export function toFinishedEvent({ status, stopReason }: JobEnd): NewEvent {
  return { type: 'JOB_FINISHED', status, stopReason }
}

// A limit that ended the run before any edit says so itself; otherwise the last round that failed is the reason.
function findFailure(state: LoadedState, decision: FinishDecision): JobFailure {
  if (decision.stopReason === 'BUDGET')
    return { code: 'BUDGET_EXCEEDED', message: 'The budget was used up before the first edit.', isRetryable: true }
  if (decision.stopReason === 'DEADLINE')
    return {
      code: 'DEADLINE_EXCEEDED',
      message: 'The deadline passed before the first edit was made.',
      isRetryable: true,
    }
  const failed = state.rounds.filter(round => round.status === 'FAILED').at(-1)
  return {
    code: failed?.errorCode ?? 'NO_RESULT',
    message: failed?.errorMessage ?? 'No round could be made.',
    isRetryable: failed?.errorIsRetryable ?? true,
  }
}
