import type { Tx } from '../db.ts'
import { sql } from '../sql.ts'
import { type AskedCall, picturesOf } from './ask-round.ts'
import type { SelectedRound } from './judge-selection.ts'

/** A question that a run is to ask about a round; null: the rubric has none for it. */
export type PlannedCall = { round: SelectedRound; call: number; question: AskedCall['question'] | null }

/** The round's job is of no benchmark, or of another than the rubric's. */
const notOfBenchmark = 'NOT_OF_BENCHMARK'
/** A picture of the benchmark that the question shows is not there. */
const pictureMissing = 'IMAGE_MISSING'

/** Which of the rounds' calls, as `round call`, have an answer by an earlier run of the same name, judge and questions. */
export async function findAnswered(
  tx: Tx,
  run: { id: string },
  rounds: readonly SelectedRound[],
): Promise<Set<string>> {
  const { rows } = await tx.query<{ roundId: string; call: number }>(sql`
    select a.round_id as "roundId", a.call
    from judge_answer a join judge_run earlier on earlier.id = a.run_id join judge_run run on run.id = ${run.id}::uuid
    where a.round_id = any(${rounds.map(({ roundId }) => roundId)}::uuid[]) and a.error_code is null
      and earlier.id <> run.id and earlier.tenant_id = run.tenant_id and earlier.name = run.name
      and earlier.model = run.model and earlier.rubric = run.rubric
      and earlier.templates is not distinct from run.templates`)
  return new Set(rows.map(({ roundId, call }) => `${roundId} ${call}`))
}

/** The calls that can be asked; to each other one an answer with its error is written, so that nobody waits for it. */
export async function refuseCalls(tx: Tx, run: { id: string }, calls: readonly PlannedCall[]): Promise<PlannedCall[]> {
  const there = await findPictures(tx, calls)
  const errors = calls.map(({ round, question }) => {
    if (question === null) return notOfBenchmark
    return picturesOf(question).every(name => there.has(`${round.jobId} ${name}`)) ? null : pictureMissing
  })
  const refused = calls.filter((_, i) => errors[i] !== null)
  await tx.query(sql`
    insert into judge_answer (run_id, round_id, call, error_code)
    select ${run.id}::uuid, refused.round_id, refused.call, refused.error_code
    from unnest(${refused.map(({ round }) => round.roundId)}::uuid[], ${refused.map(({ call }) => call)}::int[],
      ${errors.filter(error => error !== null)}::text[]) as refused (round_id, call, error_code)`)
  return calls.filter((_, i) => errors[i] === null)
}

/** Which pictures the jobs have for their judges, as `job name`. */
async function findPictures(tx: Tx, calls: readonly PlannedCall[]): Promise<Set<string>> {
  const asked = calls.filter(({ question }) => question !== null && picturesOf(question).length > 0)
  if (asked.length === 0) return new Set()
  const { rows } = await tx.query<{ jobId: string; name: string }>(sql`
    select job_id as "jobId", name from job_picture
    where job_id = any(${asked.map(({ round }) => round.jobId)}::uuid[])`)
  return new Set(rows.map(({ jobId, name }) => `${jobId} ${name}`))
}
