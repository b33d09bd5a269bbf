import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import { eachAlone } from '../jobs/each-alone.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { type NewTask, queueOf } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { askRound } from './ask-round.ts'
import { finishJudgeRun } from './finish-judge-run.ts'
import { type JudgeRunRow, rubricOf, tellJudgeRun } from './judge-run-row.ts'
import { type JudgeSelection, type SelectedRound, selectRounds } from './judge-selection.ts'
import { judgePriority, toTaskCall } from './judge-task.ts'
import { findAnswered, type PlannedCall, refuseCalls } from './planned-calls.ts'

/** About so many questions are queued in one transaction, which takes 100 ms: a longer one would hold up the events of all. */
const STEP = 500
/** Rounds of a job as they usually are, where all are judged. */
const USUAL_ROUNDS = 5

type PlannedRun = Pick<JudgeRunRow, 'id' | 'model' | 'rubric'> & {
  tenantId: string
  skipsAnswered: boolean
  selection: JudgeSelection
  plannedTo: string | null
  createdAt: Date
}

/**
 * Queues the questions of a run's rounds, step by step from where it stands: a process that is killed under way leaves the
 * rest to the next one that calls this, and none is queued twice. Does nothing for a run that is planned or canceled.
 */
export async function planJudgeRun(db: Db, id: string): Promise<void> {
  while (await db.transaction(tx => planStep(tx, id)));
  await finishJudgeRun(db, id) // in case all of its rounds are gone
}

/** The same for whatever other processes have left, and each that still plans. */
export async function planJudgeRuns(db: Db): Promise<void> {
  const { rows } = await db.query<{ id: string }>(sql`
    select id from judge_run where status = 'RUNNING' and not is_planned order by id limit 100`)
  await eachAlone(rows, ({ id }) => planJudgeRun(db, id))
}

/** Whether there may be more to plan. */
async function planStep(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await tx.query<PlannedRun>(sql`
    select id, tenant_id as "tenantId", model, rubric, selection, skips_answered as "skipsAnswered", planned_to as "plannedTo",
      created_at as "createdAt"
    from judge_run where id = ${id}::uuid and status = 'RUNNING' and not is_planned
    for no key update`)
  const run = rows[0]
  if (run === undefined) return false
  const { tenantId, selection, plannedTo, createdAt } = run
  const { rounds, reached } = await selectRounds(tx, selection, {
    ...{ tenantId, startedAt: createdAt, after: plannedTo, limit: toLimit(run) },
  })
  const answered = run.skipsAnswered ? await findAnswered(tx, run, rounds) : new Set<string>()
  const calls = toCalls(run, rounds).filter(({ round, call }) => !answered.has(`${round.roundId} ${call}`))
  const asked = await refuseCalls(tx, run, calls)
  await enqueueTasks(
    tx,
    asked.map(call => toTask(run, call)),
  )
  await tx.query(sql`
    update judge_run set total = total + ${calls.length}::int, planned_to = ${reached}::uuid,
      is_planned = ${reached === null}::boolean
    where id = ${id}::uuid`)
  await tellJudgeRun(tx, id)
  return reached !== null
}

function toLimit(run: PlannedRun): number {
  const { selection } = run
  const rounds = 'rounds' in selection && selection.rounds === 'ALL' ? USUAL_ROUNDS : 1
  return Math.ceil(STEP / (rubricOf(run).calls.length * rounds))
}

function toCalls(run: PlannedRun, rounds: readonly SelectedRound[]): PlannedCall[] {
  const rubric = rubricOf(run)
  return rounds.flatMap((round): PlannedCall[] => {
    const asked = askRound(rubric, round.benchmark)
    // Told once for the round, which would else be left out in silence.
    return asked?.map(one => ({ round, ...one })) ?? [{ round, call: 1, question: null }]
  })
}

function toTask(run: PlannedRun, { round, call }: PlannedCall): NewTask {
  const { jobId, run: jobRun, roundId, roundIndex, candidate } = round
  return {
    ...{ id: v7(), tenantId: run.tenantId, jobId, run: jobRun, roundIndex, candidate, roundId, judgeRunId: run.id },
    ...{ stage: 'JUDGE', call: toTaskCall(call, 1), queue: queueOf('JUDGE', run.model) },
    ...{ priority: judgePriority, boost: 0, isFirst: false },
  }
}
