import type { Db } from '../db.ts'
import { endStage, type Recorded } from '../jobs/end-stage.ts'
import type { StageFailure } from '../jobs/fail-stage.ts'
import type { TaskEnd } from '../queue/fence-task.ts'
import { planRetry } from '../queue/plan-retry.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { finishJudgeRun } from './finish-judge-run.ts'
import { holdJudgeRun } from './judge-run-row.ts'
import { writeFailedAnswer } from './record-judge-answer.ts'

/**
 * Puts a judge's question off like any stage, or gives it up: then its answer is the error code. In a canceled run it ends
 * without one. The job and its log hear nothing of it.
 */
export async function failJudgeTask(db: Db, task: ClaimedTask, failure: StageFailure): Promise<Recorded> {
  const { kind, code, message, endpointId } = failure
  const { failures, isFinal, isUsedUp, isExpired, delayMs } = planRetry(task, failure)
  const error = { errorCode: code, errorMessage: message, failures }
  const isDead = isFinal || isUsedUp || isExpired
  const next: TaskEnd = isDead ? { state: 'DEAD', ...error } : { state: 'DELAYED', delayMs, ...error }
  return await endJudgeTask(db, task, next, {
    outcome: kind === 'busy' ? 'BUSY' : 'FAILED',
    endpointId,
    errorCode: code,
  })
}

/** Gives the question back unasked, or ends it where its run was canceled. */
export async function releaseJudgeTask(db: Db, task: ClaimedTask): Promise<Recorded> {
  return await endJudgeTask(db, task, { state: 'READY' }, { outcome: 'RELEASED', endpointId: null })
}

type Attempt = { outcome: 'BUSY' | 'FAILED' | 'RELEASED'; endpointId: string | null; errorCode?: string }

async function endJudgeTask(db: Db, task: ClaimedTask, next: TaskEnd, attempt: Attempt): Promise<Recorded> {
  const runId = task.judgeRunId ?? ''
  let isRunning = true
  const recorded = await endStage(
    db,
    task,
    async (_job, tx) => {
      isRunning = (await holdJudgeRun(tx, runId)).status === 'RUNNING'
      if (isRunning) return { end: next, ...attempt }
      return {
        end: { state: 'CANCELED' },
        ...attempt,
        outcome: attempt.outcome === 'RELEASED' ? 'ABORTED' : attempt.outcome,
      }
    },
    async tx => {
      if (isRunning && next.state === 'DEAD') await writeFailedAnswer(tx, task, next.errorCode)
      return []
    },
  )
  if (!recorded.isFenced && next.state === 'DEAD') await finishJudgeRun(db, runId)
  return recorded
}
