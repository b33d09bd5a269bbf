// One claimed task, from its claim to its written result. The slot is free as soon as the call returns; storing and
// recording go on beside the next call.

import { failStage, releaseStage } from '../src/jobs/fail-stage.ts'
import { startStage } from '../src/jobs/start-stage.ts'
import { startJudgeTask } from '../src/judging/start-judge-task.ts'
import { awaitDatabase } from './await-database.ts'
import { editStage } from './edit-stage.ts'
import type { CallOutcome, Slot } from './endpoint-pool.ts'
import { EngineError } from './engines/engine.ts'
import type { HeldTask } from './held-tasks.ts'
import { judgeStage } from './judge-stage.ts'
import { polishStage } from './polish-stage.ts'
import type { StageContext, StageDeps, StageResult } from './stage-context.ts'
import { describeFailure, toCallOutcome } from './stage-failure.ts'
import { thinkStage } from './think-stage.ts'

/**
 * Starts the stage, makes its call at the reserved slot and writes the result. Never rejects: what fails is written on
 * the task, or left to the lease where even that cannot be done.
 */
export async function runTask(deps: StageDeps, run: { held: HeldTask; slot: Slot }): Promise<void> {
  const { held, slot } = run
  const { task } = held
  const log = deps.log.child({ taskId: task.id, jobId: task.jobId, round: task.roundIndex, stage: task.stage })
  const endpointId = slot.endpoint.id
  let called: StageResult | null
  try {
    called = await call()
  } catch (error) {
    slot.free(held.abortReason === null ? toCallOutcome(error) : neutral)
    await settle(error)
    return
  }
  if (!called) return slot.free(neutral)
  const { record, seconds } = called
  slot.free({ type: 'answered', seconds })
  try {
    const { isFenced } = await awaitDatabase(record)
    if (isFenced) log.info('the result came too late: the task is no longer ours')
  } catch (error) {
    await settle(error)
  }

  async function call(): Promise<StageResult | null> {
    const isGivenUp = () => held.abortReason !== null
    const context = { ...deps, log, task, endpoint: slot.endpoint, deadlineMs: slot.deadlineMs }
    if (task.stage === 'JUDGE') {
      const input = await awaitDatabase(() => startJudgeTask(deps.db, task), isGivenUp)
      return input && judgeStage({ ...context, input }, held.signal)
    }
    const input = await awaitDatabase(() => startStage(deps.db, task), isGivenUp)
    return input && makeCall({ ...context, input }, held.signal)
  }

  async function settle(error: unknown): Promise<void> {
    try {
      if (held.abortReason === 'lost') return
      if (held.abortReason !== null) {
        await awaitDatabase(() => releaseStage(deps.db, task))
        return
      }
      const failure = describeFailure(error)
      const level = failure.code === 'INTERNAL_ERROR' ? 'error' : 'warn'
      log[level]({ err: error, code: failure.code }, 'the stage failed')
      // The endpoint keeps the pause it asked for; the task may go to another one meanwhile.
      const isBusyHere = slot.hasOthers && error instanceof EngineError
      const retryAfterMs = isBusyHere ? null : failure.retryAfterMs
      await awaitDatabase(() => failStage(deps.db, task, { ...failure, retryAfterMs, endpointId }))
    } catch (failed) {
      log.error({ err: failed }, 'the end of the stage could not be written; its lease runs out')
    }
  }
}

const neutral: CallOutcome = { type: 'neutral' }

async function makeCall(context: StageContext, signal: AbortSignal): Promise<StageResult> {
  signal.throwIfAborted()
  const { stage } = context.task
  switch (stage) {
    case 'EDIT':
      return editStage(context, signal)
    case 'THINK':
      return thinkStage(context, signal)
    case 'POLISH':
      return polishStage(context, signal)
    case 'JUDGE':
      throw new Error('A judge task is no stage of its job.')
    default:
      return stage satisfies never
  }
}
