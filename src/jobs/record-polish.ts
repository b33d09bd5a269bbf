import type { Db } from '../db.ts'
import { decideAfterPolish } from '../loop/decide.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { noteOutcome } from '../queue/fence-task.ts'
import { type ClaimedTask, maxAsks } from '../queue/task.ts'
import { advanceJob } from './advance-job.ts'
import { completeStage, type Recorded } from './end-stage.ts'
import { planTask } from './plan-writes.ts'
import { spendTokens } from './spend-tokens.ts'
import { storableText } from './storable-text.ts'

/** The instruction rewritten by the thinker; null: its answer could not be read. */
export type PolishResult = { prompt: string | null; tokens: number; endpointId: string | null }

/**
 * Makes round 1 with the polished prompt. An unreadable polish is asked again; at the third the instruction is used as
 * it is, and the round's prompt source says so.
 */
export async function recordPolish(db: Db, task: ClaimedTask, result: PolishResult): Promise<Recorded> {
  const prompt = storableText(result.prompt)?.trim() || null
  return await completeStage(db, task, result.endpointId, async (tx, job) => {
    await spendTokens(tx, job, result.tokens)
    if (prompt === null) await noteOutcome(tx, task, { outcome: 'UNREADABLE', errorCode: null })
    if (prompt === null && task.call < maxAsks && job.stoppingFor === null) {
      await enqueueTasks(tx, [planTask({ job, isFirst: false, boost: 1 }, 'POLISH', { ...task, call: task.call + 1 })])
      return [{ type: 'STAGE_RETRYING', stage: 'POLISH', code: 'UNREADABLE_POLISH', retryDelayMs: 0 }]
    }
    return await advanceJob(tx, job, state => decideAfterPolish(state, prompt))
  })
}
