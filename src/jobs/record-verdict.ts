import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { decideNext } from '../loop/decide.ts'
import type { LoopVerdict } from '../loop/round.ts'
import { isSatisfied, isUnreadable } from '../loop/satisfied.ts'
import { overallScore } from '../loop/score.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { type ClaimedTask, maxAsks } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { advanceJob } from './advance-job.ts'
import { endStage, type Recorded } from './end-stage.ts'
import type { JobRow } from './job-row.ts'
import { planTask } from './plan-writes.ts'
import { spendTokens } from './spend-tokens.ts'
import { storableText } from './storable-text.ts'

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
 * neither "satisfied" nor what to change is treated as unreadable.
 */
export async function recordVerdict(db: Db, task: ClaimedTask, result: VerdictResult): Promise<Recorded> {
  const { tokens, by, endpointId } = result
  const reasoning = storableText(result.verdict.reasoning)
  const verdict = { ...result.verdict, reasoning, refinedPrompt: storableText(result.verdict.refinedPrompt) }
  return await endStage(
    db,
    task,
    job => ({
      end: { state: 'DONE' },
      outcome: isUnreadable(job.settings.stop, verdict) ? 'UNREADABLE' : 'DONE',
      endpointId,
    }),
    async (tx, job) => {
      await spendTokens(tx, job, tokens)
      if (isUnreadable(job.settings.stop, verdict)) {
        return await askAgain(tx, job, task, { by, tokens, reasoning: reasoning || null })
      }
      return await writeCritique(tx, job, task, { ...verdict, errorCode: null, by, tokens })
    },
  )
}

/**
 * Asks again with a fresh seed; at the third unreadable answer the critique is recorded without scores and with an error
 * code, and the loop goes on with the same prompt and another seed. Never counts as satisfied.
 */
export async function recordUnreadable(db: Db, task: ClaimedTask, result: UnreadableResult): Promise<Recorded> {
  const { tokens, by, endpointId, message } = result
  return await endStage(
    db,
    task,
    () => ({ end: { state: 'DONE' }, outcome: 'UNREADABLE', endpointId, errorCode: 'UNREADABLE_VERDICT' }),
    async (tx, job) => {
      await spendTokens(tx, job, tokens)
      return await askAgain(tx, job, task, { by, tokens, reasoning: message })
    },
  )
}

async function askAgain(
  tx: Tx,
  job: JobRow,
  task: ClaimedTask,
  answer: { by: string; tokens: number; reasoning: string | null },
): Promise<NewEvent[]> {
  if (job.stoppingFor === null && task.call < maxAsks) {
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

type CritiqueRow = LoopVerdict & { reasoning: string | null; errorCode: string | null; by: string; tokens: number }

async function writeCritique(tx: Tx, job: JobRow, task: ClaimedTask, critique: CritiqueRow): Promise<NewEvent[]> {
  const critiqueId = v7()
  const roundId = task.roundId ?? ''
  const overall = overallScore(critique.semantic, critique.quality)
  const { rows } = await tx.query<{ prompt: string }>(sql`
    with written as (
      insert into critique (id, round_id, source, by, semantic, quality, overall, is_satisfied, error_code, reasoning,
        refined_prompt, tokens)
      values (${critiqueId}::uuid, ${roundId}::uuid, 'THINKER', ${critique.by}, ${critique.semantic}::float8,
        ${critique.quality}::float8, ${overall}::float8, ${critique.isSatisfied}::boolean, ${critique.errorCode},
        ${critique.reasoning}, ${critique.refinedPrompt}, ${critique.tokens}::int)
    )
    update round set status = 'CRITIQUED' where id = ${roundId}::uuid returning prompt`)
  const satisfied = isSatisfied(job.settings.stop, critique, rows[0]?.prompt ?? '')
  if (satisfied !== null) {
    await tx.query(sql`update round set is_satisfied = ${satisfied}::boolean where id = ${roundId}::uuid`)
  }
  return [{ type: 'ROUND_CRITIQUED', roundId, critiqueId }, ...(await advanceJob(tx, job, decideNext))]
}
