import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { releaseStage } from '../src/jobs/fail-stage.ts'
import { cancelJudgeRun } from '../src/judging/cancel-judge-run.ts'
import { recordJudgeAnswer } from '../src/judging/record-judge-answer.ts'
import { startJudgeTask } from '../src/judging/start-judge-task.ts'
import { tendJudgeRuns } from '../src/judging/tend-judge-runs.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import {
  answer,
  answerNext,
  copyJob,
  countTasks,
  nonsense,
  readJob,
  readRun,
  roundsOf,
  startRun,
  takeQuestions,
} from './support/judge-driver.ts'
import { playJob } from './support/play-job.ts'
import { claim, newJob, seedModels, seedTenant, startJob, testThinker } from './support/stage-driver.ts'

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
const play = (...scores: [number, number][]) => playJob(db, tenant, scores)

describe('what a run judges', () => {
  const scores: [number, number][] = [
    [4, 4],
    [7, 7],
    [5, 5],
  ]

  it.each([
    ['BEST', [1]],
    ['LAST', [2]],
    ['FIRST', [0]],
    ['ALL', [0, 1, 2]],
  ] as const)('%s rounds of what the filter matches', async (rounds, places) => {
    const wanted = await play(...scores)
    await playJob(db, tenant, scores, { batch: 'other' })
    const run = await startRun(db, tenant.tenantId, { filter: { not: { batch: ['other'] } }, rounds })
    const ids = await roundsOf(db, wanted)
    const { rows } = await db.query<{ roundId: string }>(
      'select round_id as "roundId" from task where judge_run_id = $1 order by round_index',
      [run],
    )
    expect(rows.map(row => row.roundId)).toEqual(places.map(place => ids[place]))
    expect(await readRun(db, run)).toMatchObject({ status: 'RUNNING', total: places.length, isPlanned: true })
  })

  it('are the rounds that are named, each once', async () => {
    const [first = '', second = ''] = await roundsOf(db, await play([4, 4], [7, 7]))
    const run = await startRun(db, tenant.tenantId, { roundIds: [second, first, second] })
    expect(await readRun(db, run)).toMatchObject({ total: 2 })
    expect(await countTasks(db, run)).toEqual({ READY: 2 })
  })

  it('of several candidates the one that scored highest', async () => {
    const jobId = await play([4, 4])
    const [only = ''] = await roundsOf(db, jobId)
    const better = v7()
    await db.query(
      `insert into round (id, job_id, index, candidate, status, editor, prompt, prompt_source, seed, image_id)
       select $2, job_id, 1, 1, 'CRITIQUED', editor, prompt, prompt_source, seed, image_id from round where id = $1`,
      [only, better],
    )
    await db.query(
      `insert into critique (id, round_id, source, by, semantic, quality, overall) values ($1, $2, 'THINKER', 'x', 9, 9, 9)`,
      [v7(), better],
    )
    for (const rounds of ['FIRST', 'LAST'] as const) {
      const run = await startRun(db, tenant.tenantId, { filter: {}, rounds })
      const { rows } = await db.query('select round_id from task where judge_run_id = $1', [run])
      expect(rows).toEqual([{ round_id: better }])
    }
  })

  it('is done at once where nothing matches', async () => {
    const run = await startRun(db, tenant.tenantId, { filter: { batch: ['none'] }, rounds: 'BEST' })
    expect(await readRun(db, run)).toMatchObject({ status: 'DONE', total: 0 })
  })

  it('is planned on by any process where one was killed, each question once', async () => {
    await play([4, 4], [7, 7])
    const run = v7()
    await db.query(
      `insert into judge_run (id, tenant_id, name, model, rubric, selection, by) values ($1, $2, 'n', $3, 'overall', $4, 'b')`,
      [run, tenant.tenantId, testThinker, JSON.stringify(everything)],
    )
    await Promise.all([tendJudgeRuns(db), tendJudgeRuns(db), tendJudgeRuns(db)])
    expect(await readRun(db, run)).toMatchObject({ status: 'RUNNING', total: 2, isPlanned: true })
    expect(await countTasks(db, run)).toEqual({ READY: 2 })
  })

  it.each(['by a filter', 'one by one'])('are planned whole where they are many, each once: %s', async how => {
    const jobId = await play([4, 4], [7, 7])
    await copyJob(db, jobId, 299)
    const { rows } = await db.query<{ id: string }>('select id from round')
    const named = { roundIds: rows.map(({ id }) => id) }
    const run = await startRun(db, tenant.tenantId, how === 'by a filter' ? everything : named)
    expect(await readRun(db, run)).toMatchObject({ total: 600, isPlanned: true })
    const { rows: tasks } = await db.query<{ id: string }>('select round_id as id from task where judge_run_id = $1', [
      run,
    ])
    expect(tasks.map(({ id }) => id).sort()).toEqual(named.roundIds.sort())
  })

  it('is never of another tenant', async () => {
    const [foreign = ''] = await roundsOf(db, await play([4, 4]))
    const other = await seedTenant(db)
    await expect(startRun(db, other.tenantId, { roundIds: [foreign] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'roundIds.0',
    })
    expect((await db.query('select 1 from judge_run where tenant_id = $1', [other.tenantId])).rows).toEqual([])
    expect(await readRun(db, await startRun(db, other.tenantId, everything))).toMatchObject({ total: 0 })
  })

  it('is refused with the field for a round without a picture, and for what is not known', async () => {
    const jobId = await startJob(db, tenant.tenantId, newJob(tenant.imageId))
    const roundIds = await roundsOf(db, jobId)
    await expect(startRun(db, tenant.tenantId, { roundIds })).rejects.toMatchObject({ field: 'roundIds.0' })
    const { startJudgeRun } = await import('../src/judging/start-judge-run.ts')
    const ask = (more: object) =>
      startJudgeRun(
        db,
        { tenantId: tenant.tenantId, keyName: 'k' },
        { ...{ name: 'n', model: testThinker, rubric: 'overall', selection: everything }, ...more },
      )
    await expect(ask({ rubric: 'beauty' })).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'rubric' })
    await expect(ask({ model: 'nobody' })).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' })
    await expect(ask({ model: 'test-editor' })).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' })
  })
})

describe('a canceled run', () => {
  it('asks nothing more and keeps what it has; calls under way end without a trace', async () => {
    const jobId = await play([4, 4], [5, 5], [6, 6], [7, 7])
    const before = await readJob(db, jobId)
    const run = await startRun(db, tenant.tenantId, everything)
    await answerNext(db, answer(9, 9))
    const [released, answered] = await takeQuestions(db, 2)
    if (!released || !answered) throw new Error('There are no questions.')
    await cancelJudgeRun(db, { tenantId: tenant.tenantId, judgeRunId: run })
    expect(await countTasks(db, run)).toEqual({ DONE: 1, LEASED: 2, CANCELED: 1 })
    await releaseStage(db, released)
    await recordJudgeAnswer(db, answered, nonsense)
    expect(await countTasks(db, run)).toEqual({ DONE: 2, CANCELED: 2 })
    const { answers, ...rest } = await readRun(db, run)
    expect(rest).toMatchObject({ status: 'CANCELED', total: 4, isFinished: true })
    expect(answers.map(({ errorCode }) => errorCode).sort()).toEqual(['UNREADABLE_ANSWER', null])
    expect(await readJob(db, jobId)).toEqual(before)
    await cancelJudgeRun(db, { tenantId: tenant.tenantId, judgeRunId: run })
  })

  it('is refused for one that is done, and for a foreign one', async () => {
    const run = await startRun(db, tenant.tenantId, everything)
    const other = await seedTenant(db)
    const cancel = (tenantId: string) => cancelJudgeRun(db, { tenantId, judgeRunId: run })
    await expect(cancel(tenant.tenantId)).rejects.toMatchObject({ code: 'JUDGE_RUN_FINISHED' })
    await expect(cancel(other.tenantId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('refuses a question that was claimed meanwhile', async () => {
    await play([4, 4])
    const run = await startRun(db, tenant.tenantId, everything)
    const [task] = await claim(db, 'think')
    if (task === undefined) throw new Error('There is no question.')
    await cancelJudgeRun(db, { tenantId: tenant.tenantId, judgeRunId: run })
    expect(await startJudgeTask(db, task)).toBeNull()
    expect(await countTasks(db, run)).toEqual({ CANCELED: 1 })
  })
})
