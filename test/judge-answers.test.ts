import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { failStage, releaseStage } from '../src/jobs/fail-stage.ts'
import { recordJudgeAnswer } from '../src/judging/record-judge-answer.ts'
import { startJudgeTask } from '../src/judging/start-judge-task.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import {
  answer,
  answerNext,
  countTasks,
  nonsense,
  readJob,
  readRun,
  startRun,
  takeQuestions,
} from './support/judge-driver.ts'
import { playJob } from './support/play-job.ts'
import { seedModels, seedTenant, testThinker } from './support/stage-driver.ts'

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

describe('an answer', () => {
  it('is kept as it is and as it reads, becomes a critique, and the last one ends the run', async () => {
    const jobId = await play([4, 4], [7, 7])
    const before = await readJob(db, jobId)
    const run = await startRun(db, tenant.tenantId, everything)
    await answerNext(db, answer(9, 4))
    expect(await readRun(db, run)).toMatchObject({ status: 'RUNNING', isFinished: false })
    await answerNext(db, answer(1, 4))
    const { answers, ...ended } = await readRun(db, run)
    expect(ended).toMatchObject({ status: 'DONE', total: 2, isFinished: true })
    expect(answers.map(({ parsed }) => parsed)).toContainEqual({ reasoning: 'looked twice', semantic: 9, quality: 4 })
    expect(answers.map(({ raw }) => raw)).toContain(answer(1, 4).text)
    const { rows } = await db.query(
      `select c.by, c.semantic, c.quality, c.overall, c.tokens, c.error_code, e.type
       from critique c join round r on r.id = c.round_id join job_event e on e.critique_id = c.id
       where r.job_id = $1 and c.source = 'JUDGE' order by c.semantic`,
      [jobId],
    )
    const common = { by: testThinker, tokens: 30, error_code: null, type: 'CRITIQUE_ADDED' }
    expect(rows).toEqual([
      { ...common, semantic: 1, quality: 4, overall: 2 },
      { ...common, semantic: 9, quality: 4, overall: 6 },
    ])
    expect(await readJob(db, jobId)).toEqual(before)
  })

  it('that cannot be read is asked for again, twice, and then told', async () => {
    const jobId = await play([4, 4])
    const before = await readJob(db, jobId)
    const run = await startRun(db, tenant.tenantId, everything)
    const seeds: (number | undefined)[] = []
    for (const given of [nonsense, { ...answer(9, 9), text: '{"semantic": 11, "quality": 3}' }, nonsense]) {
      const [task] = await takeQuestions(db)
      if (task === undefined) throw new Error('It was not asked again.')
      seeds.push((await startJudgeTask(db, task))?.seed)
      expect((await readRun(db, run)).answers).toEqual([])
      await recordJudgeAnswer(db, task, given)
    }
    expect(new Set(seeds).size).toBe(3)
    expect(await takeQuestions(db)).toEqual([])
    const failed = { raw: 'Lovely!', parsed: null, errorCode: 'UNREADABLE_ANSWER' }
    expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [failed] })
    expect((await db.query(`select 1 from critique where source = 'JUDGE'`)).rows).toEqual([])
    expect(await readJob(db, jobId)).toEqual(before)
  })

  it('that was cut at its length limit is not read as a whole one', async () => {
    await play([4, 4])
    await startRun(db, tenant.tenantId, everything)
    await answerNext(db, { ...answer(9, 9), text: '{"reasoning": "so", "semantic": 9, "quality": 1', isCut: true })
    expect(await takeQuestions(db)).toHaveLength(1)
  })

  it('may hold what Postgres cannot', async () => {
    await play([4, 4])
    const run = await startRun(db, tenant.tenantId, everything)
    const text = '{"reasoning": "a\\u0000b\\ud800", "semantic": 9, "quality": 9}\0'
    await answerNext(db, { text, isCut: false, tokens: 1, endpointId: null })
    expect((await readRun(db, run)).answers).toMatchObject([{ parsed: { semantic: 9 }, errorCode: null }])
  })

  it('comes once, however often it is written, and not from a lost lease', async () => {
    await play([4, 4])
    const run = await startRun(db, tenant.tenantId, everything)
    const [task] = await takeQuestions(db)
    if (task === undefined) throw new Error('There is no question.')
    await expect(recordJudgeAnswer(db, { ...task, token: task.token + 1 }, answer(1, 1))).resolves.toEqual({
      isFenced: true,
    })
    for (let time = 0; time < 2; time++) {
      await expect(recordJudgeAnswer(db, task, answer(9, 9))).resolves.toEqual({ isFenced: false })
    }
    expect((await readRun(db, run)).answers).toHaveLength(1)
    expect((await db.query(`select 1 from critique where source = 'JUDGE'`)).rows).toHaveLength(1)
  })

  it('of two that end a run at once ends it', async () => {
    await play([4, 4], [5, 5], [6, 6], [7, 7])
    await play([4, 4], [5, 5], [6, 6], [7, 7])
    const run = await startRun(db, tenant.tenantId, everything)
    const tasks = await takeQuestions(db, 8)
    await Promise.all(tasks.map(task => recordJudgeAnswer(db, task, answer(5, 5))))
    expect(await readRun(db, run)).toMatchObject({ status: 'DONE' })
  })
})

describe('a call that fails', () => {
  const failure = { code: 'ENGINE_FAILED', message: 'It failed.', retryAfterMs: 0, endpointId: null }

  it('is made again later, until its failures are used up: then its answer is the error', async () => {
    const jobId = await play([4, 4])
    const before = await readJob(db, jobId)
    const run = await startRun(db, tenant.tenantId, everything)
    for (let failures = 1; failures <= 5; failures++) {
      const [task] = await takeQuestions(db)
      if (task === undefined) throw new Error('It was not tried again.')
      await failStage(db, task, { ...failure, kind: 'failed' })
      const { rows } = await db.query('select failures, boost from task where judge_run_id = $1', [run])
      expect(rows).toEqual([{ failures, boost: 0 }])
      await db.query(`update task set state = 'READY' where state = 'DELAYED'`)
    }
    const answers = [{ raw: null, parsed: null, errorCode: 'ENGINE_FAILED' }]
    expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers })
    expect(await countTasks(db, run)).toEqual({ DEAD: 1 })
    expect(await readJob(db, jobId)).toEqual(before)
  })

  it('is not counted while the server is busy, and given up at once when it is rejected', async () => {
    await play([4, 4])
    const run = await startRun(db, tenant.tenantId, everything)
    const [busy] = await takeQuestions(db)
    if (busy === undefined) throw new Error('There is no question.')
    await failStage(db, busy, { ...failure, kind: 'busy' })
    expect((await db.query('select failures, state from task where judge_run_id = $1', [run])).rows).toEqual([
      { failures: 0, state: 'DELAYED' },
    ])
    await db.query(`update task set state = 'READY' where state = 'DELAYED'`)
    const [task] = await takeQuestions(db)
    if (task === undefined) throw new Error('It was not tried again.')
    await failStage(db, task, { ...failure, kind: 'rejected' })
    expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [{ errorCode: 'ENGINE_FAILED' }] })
  })

  it('given back is ready for anybody, where it stood', async () => {
    await play([4, 4])
    const run = await startRun(db, tenant.tenantId, everything)
    const [task] = await takeQuestions(db)
    if (task === undefined) throw new Error('There is no question.')
    await releaseStage(db, task)
    expect((await db.query('select state, boost, failures from task where judge_run_id = $1', [run])).rows).toEqual([
      { state: 'READY', boost: 0, failures: 0 },
    ])
  })
})
