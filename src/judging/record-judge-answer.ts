import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { completeStage, type Recorded } from '../jobs/end-stage.ts'
import { storableText } from '../jobs/storable-text.ts'
import { overallScore } from '../loop/score.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { noteOutcome } from '../queue/fence-task.ts'
import { type ClaimedTask, maxAsks } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { askRound } from './ask-round.ts'
import { finishJudgeRun } from './finish-judge-run.ts'
import { holdJudgeRun, type JudgeRunRow, rubricOf, tellJudgeRun } from './judge-run-row.ts'
import { fromTaskCall, judgePriority } from './judge-task.ts'
import type { JudgeText, Rubric } from './rubric.ts'

/** What a judge wrote, and what it cost. */
export type JudgeResult = JudgeText & { tokens: number; endpointId: string | null }

/** An answer that could not be read, after all asks. */
const unreadableAnswer = 'UNREADABLE_ANSWER'

/**
 * Keeps a judge's answer, as it is and as the rubric reads it. One that cannot be read is asked for again with another
 * seed; the third such is kept with an error code. With the last answer of a round the rubric's critique of it is written,
 * if it has one and all could be read; with the last of all the run ends. What comes for a canceled run is kept, and
 * nothing is asked again.
 */
export async function recordJudgeAnswer(db: Db, task: ClaimedTask, result: JudgeResult): Promise<Recorded> {
  const recorded = await completeStage(db, task, result.endpointId, async tx => {
    const run = await holdJudgeRun(tx, task.judgeRunId ?? '')
    const rubric = rubricOf(run)
    const { question, ask } = fromTaskCall(task.call)
    const raw = storableText(result.text)
    const asked = askRound(rubric, await loadBenchmark(tx, { task, rubric }))
    const parsed = asked?.find(one => one.call === question)?.question.read({ text: raw, isCut: result.isCut }) ?? null
    if (parsed === null) {
      await noteOutcome(tx, task, { outcome: 'UNREADABLE', errorCode: unreadableAnswer })
      if (ask < maxAsks && run.status === 'RUNNING') {
        await askAgain(tx, task)
        return []
      }
    }
    const errorCode = parsed === null ? unreadableAnswer : null
    await writeAnswer(tx, task, { raw, parsed, errorCode, tokens: result.tokens })
    return await writeCritique(tx, { task, run, rubric })
  })
  if (!recorded.isFenced) await finishJudgeRun(db, task.judgeRunId ?? '')
  return recorded
}

/** A question that got no answer for good. In the transaction that ends its task. */
export async function writeFailedAnswer(
  tx: Tx,
  task: Pick<ClaimedTask, 'judgeRunId' | 'roundId' | 'call'>,
  errorCode: string,
): Promise<void> {
  await writeAnswer(tx, task, { raw: null, parsed: null, errorCode, tokens: 0 })
}

/** Which item a rubric's question was about hangs on the job. */
async function loadBenchmark(tx: Tx, { task, rubric }: Omit<Judged, 'run'>): Promise<unknown> {
  if (rubric.benchmark === null) return null
  const { rows } = await tx.query<{ benchmark: unknown }>(sql`
    select metadata -> 'benchmark' as benchmark from job where id = ${task.jobId}::uuid`)
  return rows[0]?.benchmark
}

async function askAgain(tx: Tx, task: ClaimedTask): Promise<void> {
  const { tenantId, jobId, run, stage, roundIndex, candidate, roundId, judgeRunId, queue } = task
  const place = { tenantId, jobId, run, stage, roundIndex, candidate, roundId, judgeRunId, queue }
  const order = { priority: judgePriority, boost: 0, isFirst: false }
  await enqueueTasks(tx, [{ id: v7(), ...place, call: task.call + 1, ...order }])
}

type Answer = { raw: string | null; parsed: unknown; errorCode: string | null; tokens: number }

async function writeAnswer(
  tx: Tx,
  { judgeRunId, roundId, call }: Pick<ClaimedTask, 'judgeRunId' | 'roundId' | 'call'>,
  { raw, parsed, errorCode, tokens }: Answer,
): Promise<void> {
  await tx.query(sql`
    insert into judge_answer (run_id, round_id, call, raw, parsed, error_code, tokens)
    values (${judgeRunId}::uuid, ${roundId}::uuid, ${fromTaskCall(call).question}::int, ${raw},
      ${parsed === null ? null : toStorableJson(parsed)}::jsonb, ${errorCode}, ${tokens}::int)`)
  await tellJudgeRun(tx, judgeRunId ?? '')
}

type Judged = { task: ClaimedTask; run: JudgeRunRow; rubric: Rubric }

async function writeCritique(tx: Tx, { task, run, rubric }: Judged): Promise<NewEvent[]> {
  if (rubric.toScores === null) return []
  const { rows } = await tx.query<{ parsed: unknown; tokens: number }>(sql`
    select parsed, tokens from judge_answer
    where run_id = ${run.id}::uuid and round_id = ${task.roundId}::uuid and error_code is null
    order by call`)
  if (rows.length < rubric.calls.length) return []
  const { semantic, quality, reasoning } = rubric.toScores(rows.map(row => row.parsed))
  const critiqueId = v7()
  await tx.query(sql`
    insert into critique (id, round_id, source, by, semantic, quality, overall, reasoning, tokens)
    values (${critiqueId}::uuid, ${task.roundId}::uuid, 'JUDGE', ${run.model}, ${semantic}::float8, ${quality}::float8,
      ${overallScore(semantic, quality)}::float8, ${storableText(reasoning)},
      ${rows.reduce((sum, row) => sum + row.tokens, 0)}::int)`)
  return [{ type: 'CRITIQUE_ADDED', roundId: task.roundId ?? '', critiqueId }]
}

// A JSON text may hold, escaped, what Postgres cannot store.
function toStorableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'string' ? storableText(inner) : inner))
}
