import { v7 } from 'uuid'
import type { Db } from '../../src/db.ts'
import type { JudgeSelection } from '../../src/judging/judge-selection.ts'
import { type JudgeResult, recordJudgeAnswer } from '../../src/judging/record-judge-answer.ts'
import { startJudgeRun } from '../../src/judging/start-judge-run.ts'
import { startJudgeTask } from '../../src/judging/start-judge-task.ts'
import { claimTasks } from '../../src/queue/claim-tasks.ts'
import type { ClaimedTask } from '../../src/queue/task.ts'
import { testThinker } from './stage-driver.ts'

/** Starts a run by the test thinker; its id. */
export async function startRun(db: Db, tenantId: string, selection: JudgeSelection): Promise<string> {
  const run = { name: 'again', model: testThinker, rubric: 'overall', selection }
  return await startJudgeRun(db, { tenantId, keyName: 'the tests' }, run)
}

/** Claims and starts up to `limit` questions of the test thinker's queue. */
export async function takeQuestions(db: Db, limit = 1, leaseMs = 9_000): Promise<ClaimedTask[]> {
  const queue = `think:${testThinker}`
  const tasks = await claimTasks(db, { queue, workerId: v7(), limit, leaseMs, stageSeconds: 1, isClosing: false })
  for (const task of tasks) await startJudgeTask(db, task)
  return tasks
}

/** An answer in the form of the rubric `overall`, as a model gives it. */
export function answer(semantic: number, quality: number): JudgeResult {
  const text = JSON.stringify({ reasoning: 'looked twice', semantic, quality })
  return { text, isCut: false, tokens: 30, endpointId: null }
}

/** An answer nobody can read. */
export const nonsense: JudgeResult = { text: 'Lovely!', isCut: false, tokens: 30, endpointId: null }

/** Takes the next question and answers it. */
export async function answerNext(db: Db, given: JudgeResult): Promise<ClaimedTask> {
  const [task] = await takeQuestions(db)
  if (task === undefined) throw new Error('There is no question to answer.')
  await recordJudgeAnswer(db, task, given)
  return task
}

/** The run's row with its answers, in order of the rounds' ids. */
export async function readRun(db: Db, id: string) {
  const { rows } = await db.query<{ status: string; total: number; isPlanned: boolean; isFinished: boolean }>(
    `select status, total, is_planned as "isPlanned", finished_at is not null as "isFinished" from judge_run where id = $1`,
    [id],
  )
  const answers = await db.query<{ roundId: string; raw: string | null; parsed: unknown; errorCode: string | null }>(
    `select round_id as "roundId", raw, parsed, error_code as "errorCode" from judge_answer where run_id = $1
     order by round_id, call`,
    [id],
  )
  return { ...rows[0], answers: answers.rows }
}

/** How many of the run's tasks are in each state. */
export async function countTasks(db: Db, id: string): Promise<Record<string, number>> {
  const { rows } = await db.query<{ state: string; tasks: number }>(
    'select state::text as state, count(*) as tasks from task where judge_run_id = $1 group by state',
    [id],
  )
  return Object.fromEntries(rows.map(({ state, tasks }) => [state, tasks]))
}

/** Ids of a job's rounds, in order of index and candidate. */
export async function roundsOf(db: Db, jobId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select id from round where job_id = $1 order by index, candidate', [
    jobId,
  ])
  return rows.map(({ id }) => id)
}

/** What must stay as it was: the job, its rounds and its log, but for critiques that were added. */
export async function readJob(db: Db, jobId: string) {
  const { rows } = await db.query<{ job: { event_seq?: number }; rounds: unknown; events: unknown }>(
    `select to_jsonb(job) - 'event_seq' as job,
       (select jsonb_agg(to_jsonb(round) order by id) from round where job_id = job.id) as rounds,
       (select jsonb_agg(type order by seq) from job_event where job_id = job.id and type <> 'CRITIQUE_ADDED') as events
     from job where id = $1`,
    [jobId],
  )
  return rows[0]
}

/** Further jobs like this finished one, with rounds and trajectories of their own, by SQL. */
export async function copyJob(db: Db, jobId: string, copies: number): Promise<void> {
  await db.query(`
    do $$
    declare copy uuid;
    begin
      for i in 1..${copies} loop
        copy := gen_random_uuid();
        insert into job select (jsonb_populate_record(j, jsonb_build_object('id', copy, 'best_round_id', null))).*
          from job j where id = '${jobId}';
        insert into round select (jsonb_populate_record(r,
            jsonb_build_object('id', gen_random_uuid(), 'job_id', copy, 'parent_id', null))).*
          from round r where job_id = '${jobId}';
        perform write_trajectory(copy, 1, pg_current_xact_id(), 9);
      end loop;
    end $$`)
}
