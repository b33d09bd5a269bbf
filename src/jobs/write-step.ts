// A usual stage's end is written in one statement: its result, what the loop made of it and the events. Statement by
// statement it took nine, each a message to the server and back, which was half of a round's cost.

import type { Db, Tx } from '../db.ts'
import { eventParts, type NewEvent, notifyWatchers } from '../events/append-event.ts'
import type { LoopCritique } from '../loop/round.ts'
import { overallScore } from '../loop/score.ts'
import { taskParts, wakeWorkers } from '../queue/enqueue-tasks.ts'
import { doneParts } from '../queue/fence-task.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { NextStep } from './advance-job.ts'
import { endColumns, toFinishedEvent } from './finish-job.ts'
import type { JobRow } from './job-row.ts'
import { roundPart } from './plan-writes.ts'

/** A round's picture, already stored. */
type EditedRound = { type: 'edited'; roundId: string; imageId: string; editorSeconds: number }

/** A round's critique by the thinker. `isRoundSatisfied` is the job's rule, null where nothing could be read. */
type CritiquedRound = LoopCritique & {
  type: 'critiqued'
  id: string
  roundId: string
  reasoning: string | null
  by: string
  tokens: number
  isRoundSatisfied: boolean | null
}

/** A stage's result, its own events (at least one) and what the loop made of it. */
export type Step = { result: EditedRound | CritiquedRound; events: readonly NewEvent[] } & NextStep

/**
 * Writes a step: the result, what follows and the events, the run's end last. Needs the job's lock and the fence; the
 * editor's seconds or the thinker's tokens are added to the job.
 */
export async function writeStep(tx: Tx, job: JobRow, step: Step): Promise<void> {
  await tx.query(sql`with ${stepParts(job, step, sql`true`)}`)
}

/**
 * The same with lock and fence in the one statement, for a step that was made from what was read before. Unless the job
 * still runs as it was seen, with its log no further than `eventSeq` (null: wherever it is), and nobody has its lock,
 * nothing is written and false comes back; the statement must not wait for the lock (see startStage).
 */
export async function tryWriteStep(
  db: Db,
  claim: { task: ClaimedTask; endpointId: string | null },
  seen: { job: JobRow; eventSeq: number | null },
  step: Step,
): Promise<boolean> {
  const { job, eventSeq } = seen
  const { rowCount } = await db.query(sql`
    with locked as materialized (
      select id from job
      where id = ${job.id}::uuid and status = 'RUNNING' and stopping_for is null and run = ${job.run}::int
        and event_seq = coalesce(${eventSeq}::int, event_seq)
        and (deadline_at is null or deadline_at > clock_timestamp())
      for no key update skip locked
    ), ${doneParts(claim.task, claim.endpointId)},
    ${stepParts(job, step, sql`exists (select from ended)`)}`)
  return rowCount > 0
}

// One row at least comes back where the step was written: that of the job's watchers.
function stepParts(job: JobRow, step: Step, when: SqlStatement): SqlStatement {
  const { result, plan, end } = step
  const events = end === null ? step.events : [...step.events, toFinishedEvent(end)]
  const alsoSet = sql`${spentColumns(result)} ${end === null ? sql`` : sql`, ${endColumns(end)}`}`
  return sql`${resultParts(result, when)},
    ${plan === null || plan.rounds.length === 0 ? sql`` : sql`${roundPart(plan.rounds, when)},`}
    ${plan === null ? sql`` : sql`${taskParts(plan.tasks, when)},`}
    ${eventParts(job.id, events, { alsoSet, when })}
    ${notifyWatchers} ${plan === null ? sql`` : sql`union all ${wakeWorkers}`}`
}

function resultParts(result: EditedRound | CritiquedRound, when: SqlStatement): SqlStatement {
  if (result.type === 'edited') {
    return sql`
      edited as (
        update round set status = 'EDITED', image_id = ${result.imageId}::uuid, edited_at = clock_timestamp(),
          editor_seconds = coalesce(editor_seconds, 0) + ${result.editorSeconds}::float8
        where id = ${result.roundId}::uuid and ${when}
      )`
  }
  const { semantic, quality } = result
  return sql`
    criticized as (
      insert into critique (id, round_id, source, by, semantic, quality, overall, is_satisfied, error_code, reasoning,
        refined_prompt, tokens)
      select ${result.id}::uuid, ${result.roundId}::uuid, 'THINKER', ${result.by}, ${semantic}::float8,
        ${quality}::float8, ${overallScore(semantic, quality)}::float8, ${result.isSatisfied}::boolean,
        ${result.errorCode}::text, ${result.reasoning}::text, ${result.refinedPrompt}::text, ${result.tokens}::int
      where ${when}
    ), judged as (
      update round set status = 'CRITIQUED', is_satisfied = coalesce(${result.isRoundSatisfied}::boolean, is_satisfied)
      where id = ${result.roundId}::uuid and ${when}
    )`
}

function spentColumns(result: EditedRound | CritiquedRound): SqlStatement {
  return result.type === 'edited'
    ? sql`, editor_seconds = editor_seconds + ${result.editorSeconds}::float8,
        run_editor_seconds = run_editor_seconds + ${result.editorSeconds}::float8`
    : sql`, thinker_tokens = thinker_tokens + ${result.tokens}::int,
        run_thinker_tokens = run_thinker_tokens + ${result.tokens}::int`
}
