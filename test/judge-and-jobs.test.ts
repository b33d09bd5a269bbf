// What is done to a job leaves a judge's questions about it alone, and the other way round.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { cancelJob, cancelJobs } from '../src/jobs/cancel-job.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { enforceDeadlines } from '../src/jobs/enforce-deadlines.ts'
import { failStage, releaseStage } from '../src/jobs/fail-stage.ts'
import { queuePosition } from '../src/jobs/queue-position.ts'
import { reapTasks } from '../src/jobs/reap-tasks.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { recordVerdict } from '../src/jobs/record-verdict.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { recordJudgeAnswer } from '../src/judging/record-judge-answer.ts'
import { tendJudgeRuns } from '../src/judging/tend-judge-runs.ts'
import { wakeDelayed } from '../src/queue/wake-delayed.ts'
import { readStageTimes } from '../src/read-progress.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { answer, countTasks, readJob, readRun, roundsOf, startRun, takeQuestions } from './support/judge-driver.ts'
import { playJob } from './support/play-job.ts'
import {
  claim,
  newJob,
  seedImage,
  seedModels,
  seedTenant,
  startJob,
  takeOne,
  testThinker,
  verdict,
} from './support/stage-driver.ts'
import { until } from './support/until.ts'

let database: TestDatabase
let db: TestDatabase['db']
let tenant: { tenantId: string; imageId: string }

beforeAll(async () => {
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
  tenant = await seedTenant(db)
})
afterAll(() => database.drop())
// No test finds what another one left.
afterEach(() => db.query('delete from job'))

const everything = { filter: {}, rounds: 'ALL' } as const
const statusOf = async (jobId: string) =>
  (await db.query<{ status: string }>('select status from job where id = $1', [jobId])).rows[0]?.status
const questions = async (run: string) =>
  (
    await db.query<{ state: string; isAbortAsked: boolean }>(
      'select state::text as state, is_abort_asked as "isAbortAsked" from task where judge_run_id = $1 order by id',
      [run],
    )
  ).rows

/** A job that failed in its second round; its first has a picture. */
async function playFailed(): Promise<string> {
  const jobId = await startJob(db, tenant.tenantId, newJob(tenant.imageId))
  const imageId = await seedImage(db, tenant.tenantId)
  await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1, endpointId: null })
  const judged = { verdict: verdict(4, 4), tokens: 10, by: testThinker, endpointId: null }
  await recordVerdict(db, await takeOne(db, 'think'), judged)
  const failure = { kind: 'rejected', code: 'NO', message: 'No.', retryAfterMs: null, endpointId: null } as const
  await failStage(db, await takeOne(db, 'edit'), failure)
  return jobId
}

test('a question whose worker is lost is asked elsewhere, and given up at the third crash', async () => {
  const jobId = await playJob(db, tenant, [[4, 4]])
  const before = await readJob(db, jobId)
  const run = await startRun(db, tenant.tenantId, everything)
  for (let crashes = 1; crashes <= 3; crashes++) {
    expect(await takeQuestions(db, 1, 1)).toHaveLength(1)
    const outcome = await until('it is reaped', async () => {
      const reaped = await reapTasks(db)
      return reaped.reclaimed + reaped.dead > 0 && reaped
    })
    expect(outcome).toEqual(crashes < 3 ? { reclaimed: 1, dead: 0 } : { reclaimed: 0, dead: 1 })
    const { rows } = await db.query('select crashes, boost from task where judge_run_id = $1', [run])
    expect(rows).toEqual([{ crashes, boost: 0 }])
  }
  await tendJudgeRuns(db)
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [{ raw: null, errorCode: 'WORKER_LOST' }] })
  expect(await readJob(db, jobId)).toEqual(before)
})

test('a question of a canceled run whose worker is lost is not asked again', async () => {
  await playJob(db, tenant, [[4, 4]])
  const run = await startRun(db, tenant.tenantId, everything)
  await takeQuestions(db, 1, 1)
  await db.query(`update judge_run set status = 'CANCELED', finished_at = now() where id = $1`, [run])
  await until('it is reaped', async () => {
    await reapTasks(db)
    return (await countTasks(db, run)).CANCELED === 1
  })
  expect((await readRun(db, run)).answers).toEqual([])
})

test('a retried job is canceled at once, whatever a judge asks about it', async () => {
  const jobId = await playFailed()
  const run = await startRun(db, tenant.tenantId, everything)
  const [question] = await takeQuestions(db)
  if (question === undefined) throw new Error('There is no question.')
  await retryJob(db, { tenantId: tenant.tenantId, jobId })
  expect(await statusOf(jobId)).toBe('QUEUED')
  await cancelJob(db, { tenantId: tenant.tenantId, jobId })
  expect(await statusOf(jobId)).toBe('CANCELED')
  expect(await questions(run)).toEqual([{ state: 'LEASED', isAbortAsked: false }])
  await recordJudgeAnswer(db, question, answer(9, 9))
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [{ errorCode: null }] })
  expect(await statusOf(jobId)).toBe('CANCELED')
})

test('a stopping job ends with its last own stage, not with a question about it', async () => {
  const jobId = await playFailed()
  const run = await startRun(db, tenant.tenantId, everything)
  await takeQuestions(db)
  await retryJob(db, { tenantId: tenant.tenantId, jobId })
  const edit = await takeOne(db, 'edit')
  await cancelJob(db, { tenantId: tenant.tenantId, jobId })
  expect(await statusOf(jobId)).toBe('RUNNING')
  await releaseStage(db, edit)
  expect(await statusOf(jobId)).toBe('CANCELED')
  expect(await questions(run)).toEqual([{ state: 'LEASED', isAbortAsked: false }])
})

test('a deadline stops a job and no question about it', async () => {
  const jobId = await playFailed()
  const run = await startRun(db, tenant.tenantId, everything)
  await retryJob(db, { tenantId: tenant.tenantId, jobId })
  await db.query(`update job set deadline_at = now() - interval '1 second' where id = $1`, [jobId])
  expect(await enforceDeadlines(db)).toBe(1)
  expect(await statusOf(jobId)).toBe('SUCCEEDED')
  expect(await questions(run)).toEqual([{ state: 'READY', isAbortAsked: false }])
})

test('a flood that is canceled in one step leaves the questions', async () => {
  const jobId = await startJob(db, tenant.tenantId, newJob(tenant.imageId, { loop: { firstRound: 'EVALUATE' } }))
  const run = await startRun(db, tenant.tenantId, { roundIds: await roundsOf(db, jobId) })
  expect(await cancelJobs(db, { tenantId: tenant.tenantId, filter: {} })).toBe(1)
  expect(await statusOf(jobId)).toBe('CANCELED')
  expect(await questions(run)).toEqual([{ state: 'READY', isAbortAsked: false }])
})

test('a question that is put off or given back while its job stops is neither ended nor told to the job', async () => {
  const jobId = await playFailed()
  const run = await startRun(db, tenant.tenantId, everything)
  await retryJob(db, { tenantId: tenant.tenantId, jobId })
  await takeOne(db, 'edit')
  await cancelJob(db, { tenantId: tenant.tenantId, jobId })
  const before = await readJob(db, jobId)
  const [question] = await takeQuestions(db)
  if (question === undefined) throw new Error('There is no question.')
  const failure = { kind: 'failed', code: 'NO', message: 'No.', retryAfterMs: null, endpointId: null } as const
  await failStage(db, question, failure)
  await db.query(`update task set run_at = now() where state = 'DELAYED'`)
  await wakeDelayed(db)
  const [again] = await takeQuestions(db)
  if (again === undefined) throw new Error('There is no question.')
  await releaseStage(db, again)
  expect(await questions(run)).toEqual([{ state: 'READY', isAbortAsked: false }])
  expect(await readJob(db, jobId)).toEqual(before)
})

test("the tenant's loops go before its judge runs, and a place in the queue says so", async () => {
  await playJob(db, tenant, [[4, 4]])
  const run = await startRun(db, tenant.tenantId, everything)
  const waiting = newJob(tenant.imageId, { priority: -100, loop: { firstRound: 'EVALUATE' } })
  const jobId = await startJob(db, tenant.tenantId, waiting)
  expect(await queuePosition(db, [jobId])).toEqual(new Map([[jobId, 1]]))
  const [first] = await claim(db, 'think')
  expect(first).toMatchObject({ jobId, stage: 'THINK', judgeRunId: null })
  const [second] = await claim(db, 'think')
  expect(second).toMatchObject({ stage: 'JUDGE', judgeRunId: run })
})

test('a job may be deleted while it is judged: its run ends, and the answer under way is dropped', async () => {
  const [kept, deleted] = [await playJob(db, tenant, [[4, 4]]), await playJob(db, tenant, [[5, 5]])]
  const run = await startRun(db, tenant.tenantId, everything)
  const tasks = await takeQuestions(db, 2)
  const of = (jobId: string) =>
    tasks.find(task => task.jobId === jobId) ?? Promise.reject(new Error('It was not asked.'))
  await recordJudgeAnswer(db, await of(kept), answer(9, 9))
  await deleteJob(db, { tenantId: tenant.tenantId, jobId: deleted })
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE', total: 2, answers: [{ errorCode: null }] })
  await expect(recordJudgeAnswer(db, await of(deleted), answer(9, 9))).resolves.toEqual({ isFenced: true })
})

test("a judge's calls are no stages of the job's run", async () => {
  const jobId = await playJob(db, tenant, [[4, 4]])
  await startRun(db, tenant.tenantId, everything)
  const [question] = await takeQuestions(db)
  if (question === undefined) throw new Error('There is no question.')
  await recordJudgeAnswer(db, question, answer(9, 9))
  const { rows } = await db.query<{ tokens: number }>('select thinker_tokens as tokens from job where id = $1', [jobId])
  expect(rows).toEqual([{ tokens: 10 }])
  const times = await readStageTimes(db, '0', String(2n ** 62n))
  expect(new Set(times.map(({ stage }) => stage))).toEqual(new Set(['EDIT', 'THINK']))
})
