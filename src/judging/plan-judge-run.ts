import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import { eachAlone } from '../jobs/each-alone.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { type NewTask, queueOf } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { finishJudgeRun } from './finish-judge-run.ts'
import { type JudgeRunRow, rubricOf, tellJudgeRun } from './judge-run-row.ts'
import { type JudgeSelection, type SelectedRound, selectRounds } from './judge-selection.ts'
import { judgePriority, toTaskCall } from './judge-task.ts'

/** About so many questions are queued in one transaction, which takes 100 ms: a longer one would hold up the events of all. */
const STEP = 500
/** Rounds of a job as they usually are, where all are judged. */
const USUAL_ROUNDS = 5

type PlannedRun = Pick<JudgeRunRow, 'id' | 'model' | 'rubric'> & {
  tenantId: string
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
    select id, tenant_id as "tenantId", model, rubric, selection, planned_to as "plannedTo", created_at as "createdAt"
    from judge_run where id = ${id}::uuid and status = 'RUNNING' and not is_planned
    for no key update`)
  const run = rows[0]
  if (run === undefined) return false
  const { tenantId, selection, plannedTo, createdAt } = run
  const { rounds, reached } = await selectRounds(tx, selection, {
    ...{ tenantId, startedAt: createdAt, after: plannedTo, limit: toLimit(run) },
  })
  const tasks = rounds.flatMap(round => toTasks(run, round))
  await enqueueTasks(tx, tasks)
  await tx.query(sql`
    update judge_run set total = total + ${tasks.length}::int, planned_to = ${reached}::uuid,
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

function toTasks(run: PlannedRun, { jobId, run: jobRun, roundId, roundIndex, candidate }: SelectedRound): NewTask[] {
  const place = { tenantId: run.tenantId, jobId, run: jobRun, roundIndex, candidate, roundId }
  const order = { priority: judgePriority, boost: 0, isFirst: false }
  return rubricOf(run).calls.map((_, i) => ({
    ...{ id: v7(), ...place, stage: 'JUDGE', call: toTaskCall(i + 1, 1), judgeRunId: run.id },
    ...{ queue: queueOf('JUDGE', run.model), ...order },
  }))
}
