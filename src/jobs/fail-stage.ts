import type { Db, Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { failJudgeTask, releaseJudgeTask } from '../judging/fail-judge-task.ts'
import { decideFailure, decideNext } from '../loop/decide.ts'
import type { TaskEnd } from '../queue/fence-task.ts'
import { planRetry } from '../queue/plan-retry.ts'
import type { ClaimedTask } from '../queue/task.ts'
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

/**
 * Puts the stage off with a growing, jittered delay, or gives it up: at once when rejected or uncertain, after 5 counted
 * failures, or 30 minutes after its first attempt when always busy. An edit whose failures are used up goes to a fallback
 * editor of its job's instead, where one is left. A stage given up fails its round (a polish: the job; a judge's question:
 * itself alone).
 */
export async function failStage(db: Db, task: ClaimedTask, failure: StageFailure): Promise<Recorded> {
  if (task.judgeRunId !== null) return await failJudgeTask(db, task, failure)
  const { failures, isFinal, isUsedUp, isExpired, delayMs } = planRetry(task, failure)
  const next = isUsedUp ? await findUntriedEditor(db, task) : null
  const isDead = isFinal || (isUsedUp && next === null) || isExpired
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
  if (task.judgeRunId !== null) return await releaseJudgeTask(db, task)
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
