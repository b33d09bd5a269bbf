import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelJudgeRun } from '../src/judging/cancel-judge-run.ts'
import type { JudgeSelection } from '../src/judging/judge-selection.ts'
import { startJudgeRun } from '../src/judging/start-judge-run.ts'
import { defaultFleet } from '../workers/fleet/fleet.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { FakeRefusal } from './support/fake-model-server.ts'
import { type FakeThinker, type SeenChat, startFakeThinker } from './support/fake-thinker.ts'
import { countTasks, readRun, roundsOf } from './support/judge-driver.ts'
import { until } from './support/until.ts'
import { fakeFleet, fakeThinkerModel, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let editor: FakeEditor
let thinker: FakeThinker
/** What the judge says next, by how often it was asked since a test began. */
let say: (ask: number) => string
let judged: SeenChat[] = []

const isJudge = (chat: SeenChat) => JSON.stringify(chat.body.messages).includes('You are the judge of')
const scores = (semantic: number) => JSON.stringify({ reasoning: 'seen', semantic, quality: 4 })

beforeAll(async () => {
  setup = await openWorkers()
  editor = await startFakeEditor()
  thinker = await startFakeThinker({
    say: chat => {
      if (!isJudge(chat)) return JSON.stringify({ reason: 'fine', semantic: 9, quality: 9, is_satisfied: true })
      judged.push(chat)
      return say(judged.length)
    },
  })
  await setup.start(fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }))
})

afterAll(async () => {
  await setup.close()
  await editor.close()
  await thinker.close()
})

/** A tenant with so many finished jobs of one round. */
async function play(jobs: number): Promise<{ tenantId: string; jobIds: string[] }> {
  const tenantId = await setup.createTenant()
  const jobIds = await Promise.all(Array.from({ length: jobs }, () => setup.submit(tenantId)))
  for (const jobId of jobIds) await setup.finished(jobId)
  return { tenantId, jobIds }
}

async function judge(tenantId: string, selection: JudgeSelection, model = fakeThinkerModel): Promise<string> {
  judged = []
  const run = { name: 'again', model, rubric: 'overall', selection }
  return await startJudgeRun(setup.images.db, { tenantId, keyName: 'the tests' }, run)
}

const everything = { filter: {}, rounds: 'ALL' } as const
const ended = (run: string) =>
  until('the run ends', async () => {
    const found = await readRun(setup.images.db, run)
    return found.status === 'RUNNING' ? null : found
  })

test('every round goes to the judge with its labelled pictures, and its answer comes back', async () => {
  const { tenantId } = await play(3)
  say = () => `Let me see. ${scores(9)}`
  const { status, answers } = await ended(await judge(tenantId, everything))
  expect(status).toBe('DONE')
  expect(answers).toEqual(
    answers.map(({ roundId }) => ({
      ...{ roundId, raw: `Let me see. ${scores(9)}`, errorCode: null },
      parsed: { reasoning: 'seen', semantic: 9, quality: 4 },
    })),
  )
  expect(judged).toHaveLength(3)
  const content = judged[0]?.body.messages[0]?.content ?? []
  expect(content.map(({ type, text }) => (type === 'text' ? text?.slice(0, 20) : type))).toEqual([
    ...['You are the judge of', 'The picture they beg', 'image_url', 'The picture they got', 'image_url'],
  ])
  expect(content[0]?.text).toContain('What was asked for:\nmake it bluer')
  const { rows } = await setup.images.db.query(
    `select c.by, c.semantic, c.overall, c.tokens from critique c join round r on r.id = c.round_id join job on job.id = r.job_id
     where c.source = 'JUDGE' and job.tenant_id = $1`,
    [tenantId],
  )
  expect(rows).toEqual(Array(3).fill({ by: fakeThinkerModel, semantic: 9, overall: 6, tokens: 42 }))
})

test('busy answers are waited for, and those nobody can read are asked for again with other seeds', async () => {
  const { tenantId } = await play(1)
  const words = ['busy', 'What a picture!', 'busy', '{"semantic": "7/10", "quality": 4']
  say = ask => {
    const word = words[ask - 1] ?? ''
    if (word === 'busy') throw new FakeRefusal(429, { error: { message: 'later' } })
    return word
  }
  const { answers } = await ended(await judge(tenantId, everything))
  expect(answers).toMatchObject([{ parsed: { semantic: 7, quality: 4, reasoning: null }, errorCode: null }])
  const seeds = judged.map(({ body }) => body.seed)
  expect(seeds[0]).toBe(seeds[1])
  expect(seeds[2]).toBe(seeds[3])
  expect(seeds[1]).not.toBe(seeds[2])
})

test('an answer that can never be read is told after the third', async () => {
  const { tenantId } = await play(1)
  say = ask => `No. ${ask}`
  const { answers } = await ended(await judge(tenantId, everything))
  expect(answers).toMatchObject([{ raw: 'No. 3', parsed: null, errorCode: 'UNREADABLE_ANSWER' }])
  expect(judged).toHaveLength(3)
})

test('a canceled run aborts what is being asked', async () => {
  const { tenantId } = await play(4)
  thinker.behave({ does: 'hang' })
  say = () => scores(9)
  const run = await judge(tenantId, everything)
  await until('two are being asked', () => thinker.inFlight === 2)
  await cancelJudgeRun(setup.images.db, { tenantId, judgeRunId: run })
  await until('no call is under way', () => thinker.inFlight === 0)
  thinker.behave({ does: 'answer' })
  await until('every task is ended', async () => (await countTasks(setup.images.db, run)).CANCELED === 4)
  expect(await readRun(setup.images.db, run)).toMatchObject({ status: 'CANCELED', answers: [] })
})

test('the builtin critic measures, and answers in the form of the rubric', async () => {
  const { tenantId, jobIds } = await play(1)
  await setup.start(defaultFleet())
  const roundIds = await roundsOf(setup.images.db, jobIds[0] ?? '')
  const { answers } = await ended(await judge(tenantId, { roundIds }, 'builtin-critic'))
  const score = expect.any(Number)
  expect(answers).toMatchObject([
    { parsed: { semantic: score, quality: score, reasoning: expect.any(String) }, errorCode: null },
  ])
})
