// A usual stage's end is written in one statement: its result, what the loop made of it and the events. Statement by
// statement it took nine, each a message to the server and back, which was half of a round's cost.

import type { Tx } from '../db.ts'
import { eventParts, type NewEvent, notifyWatchers } from '../events/append-event.ts'
import type { LoopCritique } from '../loop/round.ts'
import { overallScore } from '../loop/score.ts'
import { taskParts, wakeWorkers } from '../queue/enqueue-tasks.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { NextStep } from './advance-job.ts'
import { endColumns, toFinishedEvent } from './finish-job.ts'
import type { JobRow } from './job-row.ts'
import { roundPart } from './plan-writes.ts'

/** A round's picture, already stored. */
export type EditedRound = { type: 'edited'; roundId: string; imageId: string; editorSeconds: number }

/** A round's critique by the thinker. `isRoundSatisfied` is the job's rule, null where nothing could be read. */
export type CritiquedRound = LoopCritique & {
  type: 'critiqued'
  id: string
  roundId: string
  reasoning: string | null
  by: string
  tokens: number
  isRoundSatisfied: boolean | null
}

/**
 * Writes a stage's result, what follows and the events: the result's own (`events`, at least one), then the run's end.
 * Needs the job's lock and the fence; the editor's seconds or the thinker's tokens are added to the job.
 */
export async function writeStep(
  tx: Tx,
  job: JobRow,
  step: { result: EditedRound | CritiquedRound; events: readonly NewEvent[] } & NextStep,
): Promise<void> {
  const { result, plan, end } = step
  const events = end === null ? step.events : [...step.events, toFinishedEvent(end)]
  const alsoSet = sql`${spentColumns(result)} ${end === null ? sql`` : sql`, ${endColumns(end)}`}`
  await tx.query(sql`
    with ${resultParts(result)},
    ${plan === null || plan.rounds.length === 0 ? sql`` : sql`${roundPart(plan.rounds)},`}
    ${plan === null ? sql`` : sql`${taskParts(plan.tasks)},`}
    ${eventParts(job.id, events, alsoSet)}
    ${notifyWatchers} ${plan === null ? sql`` : sql`union all ${wakeWorkers}`}`)
}

function resultParts(result: EditedRound | CritiquedRound): SqlStatement {
  if (result.type === 'edited') {
    return sql`
      edited as (
        update round set status = 'EDITED', image_id = ${result.imageId}::uuid, edited_at = clock_timestamp(),
          editor_seconds = coalesce(editor_seconds, 0) + ${result.editorSeconds}::float8
        where id = ${result.roundId}::uuid
      )`
  }
  const { semantic, quality } = result
  return sql`
    criticized as (
      insert into critique (id, round_id, source, by, semantic, quality, overall, is_satisfied, error_code, reasoning,
        refined_prompt, tokens)
      values (${result.id}::uuid, ${result.roundId}::uuid, 'THINKER', ${result.by}, ${semantic}::float8,
        ${quality}::float8, ${overallScore(semantic, quality)}::float8, ${result.isSatisfied}::boolean,
        ${result.errorCode}, ${result.reasoning}, ${result.refinedPrompt}, ${result.tokens}::int)
    ), judged as (
      update round set status = 'CRITIQUED', is_satisfied = coalesce(${result.isRoundSatisfied}::boolean, is_satisfied)
      where id = ${result.roundId}::uuid
    )`
}

function spentColumns(result: EditedRound | CritiquedRound): SqlStatement {
  return result.type === 'edited'
    ? sql`, editor_seconds = editor_seconds + ${result.editorSeconds}::float8,
        run_editor_seconds = run_editor_seconds + ${result.editorSeconds}::float8`
    : sql`, thinker_tokens = thinker_tokens + ${result.tokens}::int,
        run_thinker_tokens = run_thinker_tokens + ${result.tokens}::int`
}
