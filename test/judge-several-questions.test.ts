import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { failStage } from '../src/jobs/fail-stage.ts'
import { type JudgeResult, recordJudgeAnswer } from '../src/judging/record-judge-answer.ts'
import { type JudgeCall, type Rubric, rubrics } from '../src/judging/rubric.ts'
import { startJudgeRun } from '../src/judging/start-judge-run.ts'
import type { ClaimedTask } from '../src/queue/task.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { countTasks, readRun, takeQuestions } from './support/judge-driver.ts'
import { playJob } from './support/play-job.ts'
import { seedModels, seedTenant, testThinker } from './support/stage-driver.ts'

let database: TestDatabase
let db: TestDatabase['db']
let tenant: { tenantId: string; imageId: string }

const known = rubrics as Map<string, Rubric> // what a benchmark adds is there before the first run
const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : null)
const ask = (template: string): JudgeCall => ({
  name: template,
  ask: () => ({
    ...{ template, templateName: null, instructionMarks: [], fields: {}, images: [], write: null },
    ...{ preparation: 'served', temperature: null, maxTokens: null },
    read: ({ text }) => number(text),
  }),
})
const calls = [ask('How true?'), ask('How clean?')]
const pair = z.tuple([z.number(), z.number()])

beforeAll(async () => {
  known.set('scored', {
    ...{ id: 'scored', calls, benchmark: null, templates: {} },
    toScores: answers => {
      const [semantic, quality] = pair.parse(answers)
      return { semantic, quality, reasoning: null }
    },
  })
  known.set('counted', { id: 'counted', calls, benchmark: null, templates: {}, toScores: null })
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
  tenant = await seedTenant(db)
})
afterAll(async () => {
  known.delete('scored')
  known.delete('counted')
  await database.drop()
})
// No test finds what another one left.
afterEach(() => db.query('delete from job'))

const say = (text: string): JudgeResult => ({ text, isCut: false, tokens: 5, endpointId: null })
const critiques = async () =>
  (await db.query(`select semantic, quality, overall, tokens from critique where source = 'JUDGE'`)).rows

/** A run over one round, and its two questions. */
async function start(rubric: string): Promise<{ run: string; first: ClaimedTask; second: ClaimedTask }> {
  await playJob(db, tenant, [[4, 4]])
  const selection = { filter: {}, rounds: 'BEST' } as const
  const author = { tenantId: tenant.tenantId, keyName: 'the tests' }
  const run = await startJudgeRun(db, author, { name: 'n', model: testThinker, rubric, selection })
  expect(await readRun(db, run)).toMatchObject({ total: 2 })
  const tasks = (await takeQuestions(db, 2)).sort((a, b) => a.call - b.call)
  const [first, second] = tasks
  if (!first || !second) throw new Error('There are not two questions.')
  return { run, first, second }
}

test('a round has its critique once all its questions are answered, in whatever order', async () => {
  const { run, first, second } = await start('scored')
  await recordJudgeAnswer(db, second, say('4'))
  expect(await critiques()).toEqual([])
  expect(await readRun(db, run)).toMatchObject({ status: 'RUNNING' })
  await recordJudgeAnswer(db, first, say('9'))
  expect(await critiques()).toEqual([{ semantic: 9, quality: 4, overall: 6, tokens: 10 }])
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [{ parsed: 9 }, { parsed: 4 }] })
})

test('two that come at once write one critique', async () => {
  const { run, first, second } = await start('scored')
  await Promise.all([recordJudgeAnswer(db, first, say('9')), recordJudgeAnswer(db, second, say('4'))])
  expect(await critiques()).toHaveLength(1)
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE' })
})

test('a round of which one question has no answer has no critique', async () => {
  const { run, first, second } = await start('scored')
  const failure = { code: 'NO', message: 'No.', retryAfterMs: null, endpointId: null }
  await failStage(db, first, { ...failure, kind: 'rejected' })
  await recordJudgeAnswer(db, second, say('4'))
  expect(await critiques()).toEqual([])
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [{ errorCode: 'NO' }, { errorCode: null }] })
})

test('one question asked again leaves the other alone', async () => {
  const { run, first, second } = await start('scored')
  await recordJudgeAnswer(db, first, say('much'))
  await recordJudgeAnswer(db, second, say('4'))
  expect(await countTasks(db, run)).toEqual({ DONE: 2, READY: 1 })
  const [again] = await takeQuestions(db)
  expect(again?.call).toBe(first.call + 1)
})

test('a rubric whose scores are of another kind leaves answers and no critique', async () => {
  const { run, first, second } = await start('counted')
  await recordJudgeAnswer(db, first, say('9'))
  await recordJudgeAnswer(db, second, say('4'))
  expect(await critiques()).toEqual([])
  expect(await readRun(db, run)).toMatchObject({ status: 'DONE', answers: [{ parsed: 9 }, { parsed: 4 }] })
})
