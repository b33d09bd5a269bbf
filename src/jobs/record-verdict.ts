import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { decideNext } from '../loop/decide.ts'
import type { LoopCritique, LoopVerdict } from '../loop/round.ts'
import { isSatisfied, isUnreadable } from '../loop/satisfied.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { noteOutcome } from '../queue/fence-task.ts'
import { type ClaimedTask, maxAsks } from '../queue/task.ts'
import { advanceJob, planNext } from './advance-job.ts'
import { completeStage, type Recorded } from './end-stage.ts'
import type { JobRow } from './job-row.ts'
import { loadState, type StoredRound, toState } from './load-state.ts'
import { planTask } from './plan-writes.ts'
import { spendTokens } from './spend-tokens.ts'
import type { SeenJob } from './start-stage.ts'
import { storableText } from './storable-text.ts'
import { type Step, tryWriteStep, writeStep } from './write-step.ts'

/** What the thinker answered. `by`: its model id. `tokens`: null scores and flags mean it gave none. */
export type VerdictResult = {
  verdict: LoopVerdict & { reasoning: string }
  tokens: number
  by: string
  endpointId: string | null
}

/** An answer that held no verdict. */
export type UnreadableResult = { message: string; tokens: number; by: string; endpointId: string | null }

/**
 * Writes the critique of a round and what follows from it: the next rounds, or the job's end. A verdict that says
 * neither "satisfied" nor what to change is treated as unreadable. `seen` spares the usual one the reading under the lock.
 */
export async function recordVerdict(
  db: Db,
  task: ClaimedTask,
  result: VerdictResult,
  seen?: SeenJob,
): Promise<Recorded> {
  const { tokens, by, endpointId } = result
  const reasoning = storableText(result.verdict.reasoning)
  const verdict = { ...result.verdict, reasoning, refinedPrompt: storableText(result.verdict.refinedPrompt) }
  const critique = { ...verdict, errorCode: null, by, tokens }
  if (seen && !isUnreadable(seen.job.settings.stop, verdict)) {
    const step = toStep(seen.job, seen.rounds, task, critique)
    if (await tryWriteStep(db, { task, endpointId }, seen, step)) return { isFenced: false }
  }
  return await completeStage(db, task, endpointId, async (tx, job) => {
    if (!isUnreadable(job.settings.stop, verdict)) return await writeCritique(tx, job, task, critique)
    await noteOutcome(tx, task, { outcome: 'UNREADABLE', errorCode: null })
    return await askAgain(tx, job, task, { by, tokens, reasoning: reasoning || null })
  })
}

/**
 * Asks again with a fresh seed; at the third unreadable answer the critique is recorded without scores and with an error
 * code, and the loop goes on with the same prompt and another seed. Never counts as satisfied.
 */
export async function recordUnreadable(db: Db, task: ClaimedTask, result: UnreadableResult): Promise<Recorded> {
  const { tokens, by, endpointId, message } = result
  return await completeStage(db, task, endpointId, async (tx, job) => {
    await noteOutcome(tx, task, { outcome: 'UNREADABLE', errorCode: 'UNREADABLE_VERDICT' })
    return await askAgain(tx, job, task, { by, tokens, reasoning: message })
  })
}

async function askAgain(
  tx: Tx,
  job: JobRow,
  task: ClaimedTask,
  answer: { by: string; tokens: number; reasoning: string | null },
): Promise<NewEvent[]> {
  if (job.stoppingFor === null && task.call < maxAsks) {
    await spendTokens(tx, job, answer.tokens)
    await enqueueTasks(tx, [planTask({ job, isFirst: false, boost: 1 }, 'THINK', { ...task, call: task.call + 1 })])
    return [
      {
        type: 'STAGE_RETRYING',
        stage: 'THINK',
        code: 'UNREADABLE_VERDICT',
        retryDelayMs: 0,
        roundId: task.roundId ?? '',
      },
    ]
  }
  const nothing = { semantic: null, quality: null, isSatisfied: null, refinedPrompt: null }
  return await writeCritique(tx, job, task, { ...nothing, ...answer, errorCode: 'UNREADABLE_VERDICT' })
}

type Critique = LoopCritique & { reasoning: string | null; by: string; tokens: number }

async function writeCritique(tx: Tx, job: JobRow, task: ClaimedTask, critique: Critique): Promise<NewEvent[]> {
  const { rounds } = await loadState(tx, job)
  const step = toStep(job, rounds, task, critique)
  if (job.stoppingFor === null) {
    await writeStep(tx, job, step)
    return []
  }
  job.runThinkerTokens += critique.tokens
  await writeStep(tx, job, { ...step, plan: null, end: null })
  return await advanceJob(tx, job, decideNext)
}

/** The critique as it is written, and what the loop makes of the rounds with it among them. Pure but for fresh ids. */
function toStep(job: JobRow, before: readonly StoredRound[], task: ClaimedTask, critique: Critique): Step {
  const roundId = task.roundId ?? ''
  const judged = before.find(round => round.id === roundId)
  const isRoundSatisfied = isSatisfied(job.settings.stop, critique, judged?.prompt ?? '')
  const result = { ...critique, type: 'critiqued', id: v7(), roundId, isRoundSatisfied } as const
  // The loop sees the round as it is about to be written.
  const rounds = before.map(round => (round === judged ? { ...round, status: 'CRITIQUED' as const, critique } : round))
  const spent = { ...job, runThinkerTokens: job.runThinkerTokens + critique.tokens }
  const state = toState(spent, rounds)
  const events: NewEvent[] = [{ type: 'ROUND_CRITIQUED', roundId, critiqueId: result.id }]
  return { result, events, ...planNext(spent, state, decideNext(state)) }
}
