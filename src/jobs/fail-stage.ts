import type { Db, Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { decideFailure, decideNext } from '../loop/decide.ts'
import type { TaskEnd } from '../queue/fence-task.ts'
import { busyLimitMs, type ClaimedTask, maxFailures } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { advanceJob } from './advance-job.ts'
import { endStage, type Recorded } from './end-stage.ts'
import { findUntriedEditor, moveEdits } from './fall-back.ts'
import type { JobFailure } from './finish-job.ts'
import { finishIfStopped } from './finish-job.ts'
import type { JobRow } from './job-row.ts'

/**
 * How a call failed. `rejected`: it can never work. `busy`: later, not counted. `failed`: again, counted. `uncertain`: it
 * was submitted and may have been taken, so it is not made again by itself.
 */
export type StageFailure = {
  kind: 'rejected' | 'busy' | 'failed' | 'uncertain'
  code: string
  /** A sentence fit for users: no URL, no stack, no engine's body. */
  message: string
  retryAfterMs: number | null
  endpointId: string | null
}

const BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
/** How often a busy server is asked at least: its other callers come and go. */
const MAX_BUSY_BACKOFF_MS = 15_000

/**
 * Puts the stage off with a growing, jittered delay, or gives it up: at once when rejected or uncertain, after 5 counted
 * failures, or 30 minutes after its first attempt when always busy. An edit whose failures are used up goes to a fallback
 * editor of its job's instead, where one is left. A stage given up fails its round (a polish: the job).
 */
export async function failStage(db: Db, task: ClaimedTask, failure: StageFailure): Promise<Recorded> {
  const failures = task.failures + (failure.kind === 'failed' ? 1 : 0)
  const busyMsLeft = busyLimitMs - (Date.now() - task.firstClaimedAt.getTime())
  const isFinal = failure.kind === 'rejected' || failure.kind === 'uncertain'
  const isUsedUp = failure.kind === 'failed' && failures >= maxFailures
  const next = isUsedUp ? await findUntriedEditor(db, task) : null
  const isDead = isFinal || (isUsedUp && next === null) || (failure.kind === 'busy' && busyMsLeft <= 0)
  const delayMs = delayOf(task, failure, { failures, busyMsLeft })
  const error = { errorCode: failure.code, errorMessage: failure.message }
  const retry: TaskEnd = next === null ? { state: 'DELAYED', delayMs, failures, ...error } : { state: 'READY' }
  const dead: TaskEnd = { state: failure.kind === 'uncertain' ? 'UNCERTAIN' : 'DEAD', failures, ...error }
  return await endStage(
    db,
    task,
    job => ({
      end: job.stoppingFor !== null ? { state: 'CANCELED' } : isDead ? dead : retry,
      outcome: failure.kind === 'busy' ? 'BUSY' : 'FAILED',
      endpointId: failure.endpointId,
      errorCode: failure.code,
    }),
    async (tx, job) => {
      if (job.stoppingFor !== null) return await endIfStopped(tx, job)
      if (isDead) return await giveUpStage(tx, job, task, { ...failure, isRetryable: failure.kind !== 'rejected' })
      if (next !== null) return await moveEdits(tx, job, { from: task.queue, next, taskId: task.id })
      const retrying = { type: 'STAGE_RETRYING', stage: task.stage, code: failure.code, retryDelayMs: delayMs } as const
      return [task.roundId === null ? retrying : { ...retrying, roundId: task.roundId }]
    },
  )
}

/**
 * Gives the task back unfinished, ready at once for any worker and counted as nothing: on drain, or when the worker lost
 * the endpoint. In a job that is stopping it ends instead.
 */
export async function releaseStage(db: Db, task: ClaimedTask): Promise<Recorded> {
  return await endStage(
    db,
    task,
    job =>
      job.stoppingFor === null
        ? { end: { state: 'READY' }, outcome: 'RELEASED', endpointId: null }
        : { end: { state: 'CANCELED' }, outcome: 'ABORTED', endpointId: null },
    endIfStopped,
  )
}

/** What a stage given up for good leaves: a failed round, and whatever the loop makes of that. */
export async function giveUpStage(
  tx: Tx,
  job: JobRow,
  task: Pick<ClaimedTask, 'roundId'>,
  failure: JobFailure,
): Promise<NewEvent[]> {
  if (task.roundId === null) return await advanceJob(tx, job, decideFailure, failure)
  await tx.query(sql`
    update round set status = 'FAILED', error_code = ${failure.code}, error_message = ${failure.message},
      error_is_retryable = ${failure.isRetryable}::boolean
    where id = ${task.roundId}::uuid`)
  const { code, message, isRetryable } = failure
  const failed: NewEvent = { type: 'ROUND_FAILED', roundId: task.roundId, code, message, isRetryable }
  return [failed, ...(await advanceJob(tx, job, decideNext))]
}

async function endIfStopped(tx: Tx, job: JobRow): Promise<NewEvent[]> {
  const finished = await finishIfStopped(tx, job)
  return finished === null ? [] : [finished]
}

// Busy answers are not counted as failures, so their delay grows with the claims. What a server asks for is honoured up
// to the end of the task's patience: a header may say anything.
function delayOf(
  task: ClaimedTask,
  { kind, retryAfterMs }: StageFailure,
  { failures, busyMsLeft }: { failures: number; busyMsLeft: number },
): number {
  const backoffMs =
    kind === 'busy'
      ? Math.min(BACKOFF_MS * 2 ** Math.max(failures, task.token - 1), MAX_BUSY_BACKOFF_MS)
      : Math.min(BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS)
  return Math.max(backoffMs * (0.5 + Math.random()), Math.min(retryAfterMs ?? 0, busyMsLeft))
}
