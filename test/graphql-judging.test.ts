import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { type Answer, openTestApi, type TestApi } from './support/graphql.ts'
import { answer, answerNext, nonsense } from './support/judge-driver.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { seedModels, testEditor, testThinker } from './support/stage-driver.ts'
import { within } from './support/until.ts'

let api: TestApi
let owner: Caller
let reader: Caller
let stranger: Caller

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  owner = await createCaller(api.db, 'WRITE')
  reader = await createCaller(api.db, 'READ', owner)
  stranger = await createCaller(api.db, 'OPERATOR')
})
afterEach(async () => {
  await api.db.query('delete from judge_run')
  await api.db.query('delete from job')
})
afterAll(() => api.close())

const START = `mutation($input: StartJudgeRunInput!) {
  startJudgeRun(input: $input) {
    __typename ... on Error { code message } ... on InvalidInputError { field } ... on NotFoundError { field }
    ... on StartJudgeRunSuccess { judgeRun {
      id name model { id } rubric rounds filter status by finishedAt
      progress { status total isPlanned answered failed tokens }
    } }
  }
}`
const start = async (input: object, by = owner) =>
  (await api.get(by, START, { input: { name: 'again', model: testThinker, ...input } })).startJudgeRun
const count = async () => (await api.db.query('select 1 from judge_run')).rows.length

test('a judge run is started over a filter, and told how far it is', async () => {
  await createFinishedJob(api.db, owner)
  await createFinishedJob(api.db, owner, { job: { batch: 'other' } })
  const { judgeRun } = await start({ filter: { not: { batch: ['other'] } }, rounds: 'ALL' })
  expect(judgeRun).toEqual({
    ...{ id: judgeRun.id, name: 'again', model: { id: testThinker }, rubric: 'overall', rounds: 'ALL' },
    ...{ filter: { not: { batch: ['other'] } }, status: 'RUNNING', by: owner.keyName, finishedAt: null },
    progress: { status: 'RUNNING', total: 2, isPlanned: true, answered: 0, failed: 0, tokens: 0 },
  })
  await answerNext(api.db, answer(9, 9))
  for (let ask = 1; ask <= 3; ask++) await answerNext(api.db, nonsense)
  const document = `query($id: ID!) { judgeRun(id: $id) { status finishedAt progress { total answered failed tokens } } }`
  expect(await api.get(reader, document, { id: judgeRun.id })).toEqual({
    judgeRun: {
      ...{ status: 'DONE', finishedAt: expect.any(String) },
      progress: { total: 2, answered: 1, failed: 1, tokens: 60 },
    },
  })
})

test('its answers come by pages, with their rounds, the failed ones alone where that is asked', async () => {
  const { rounds } = await createFinishedJob(api.db, owner, {
    scores: [
      [4, 4],
      [5, 5],
      [9, 9],
    ],
  })
  const { judgeRun } = await start({ roundIds: rounds })
  expect(judgeRun).toMatchObject({ rounds: null, filter: null, progress: { total: 3 } })
  for (const given of [answer(9, 9), answer(4, 4), nonsense, nonsense, nonsense]) await answerNext(api.db, given)
  const document = `query($id: ID!, $after: String, $isFailed: Boolean) { judgeRun(id: $id) {
    answers(first: 2, after: $after, isFailed: $isFailed) {
      edges { node { call raw parsed errorCode tokens round { id } } } pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  } }`
  const page = async (more: object) => (await api.get(reader, document, { id: judgeRun.id, ...more })).judgeRun.answers
  const first = await page({})
  const second = await page({ after: first.pageInfo.endCursor })
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
  expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
  const nodes = [...first.edges, ...second.edges].map(({ node }) => node)
  expect(nodes.map(({ round }) => round.id).sort()).toEqual([...rounds].sort())
  expect(nodes).toContainEqual(
    expect.objectContaining({
      call: 1,
      parsed: { reasoning: 'looked twice', semantic: 4, quality: 4 },
      errorCode: null,
    }),
  )
  const failed = await page({ isFailed: true })
  expect(failed.edges).toMatchObject([{ node: { raw: 'Lovely!', parsed: null, errorCode: 'UNREADABLE_ANSWER' } }])
  expect((await page({ isFailed: false })).edges).toHaveLength(2)
  const other = await start({ roundIds: rounds })
  const answered = await api.run(reader, document, { id: other.judgeRun.id, after: first.pageInfo.endCursor })
  expect(answered.errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'after' }])
})

test('runs are listed newest first, by pages', async () => {
  const names = ['one', 'two', 'three']
  for (const name of names) await start({ name })
  const document = `query($after: String) { judgeRuns(first: 2, after: $after) {
    edges { node { name } } pageInfo { hasNextPage endCursor }
  } }`
  const { judgeRuns: first } = await api.get(reader, document)
  const { judgeRuns: second } = await api.get(reader, document, { after: first.pageInfo.endCursor })
  const listed = [...first.edges, ...second.edges].map(({ node }: { node: { name: string } }) => node.name)
  expect(listed).toEqual([...names].reverse())
  expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false])
})

test('bad input is a typed error that names its field, and nothing is stored', async () => {
  const { rounds } = await createFinishedJob(api.db, owner)
  const foreign = await createFinishedJob(api.db, stranger)
  const cases: [object, object][] = [
    [{ name: '' }, { code: 'INVALID_INPUT', field: 'name' }],
    [{ rubric: 'beauty' }, { code: 'INVALID_INPUT', field: 'rubric' }],
    [{ model: 'nobody' }, { code: 'MODEL_UNAVAILABLE' }],
    [{ model: testEditor }, { code: 'MODEL_UNAVAILABLE' }],
    [{ filter: { gain: { gte: 1e300 } } }, { code: 'INVALID_INPUT', field: 'filter.gain.gte' }],
    [{ roundIds: [] }, { code: 'INVALID_INPUT', field: 'roundIds' }],
    [
      { roundIds: rounds, rounds: 'BEST' },
      { code: 'INVALID_INPUT', field: 'roundIds' },
    ],
    [{ roundIds: Array(10_001).fill(rounds[0]) }, { code: 'INVALID_INPUT', field: 'roundIds' }],
    [{ roundIds: [rounds[0], 'x'] }, { code: 'NOT_FOUND', field: 'roundIds.1' }],
    [{ roundIds: [rounds[0], foreign.rounds[0]] }, { code: 'NOT_FOUND', field: 'roundIds.1' }],
  ]
  for (const [input, error] of cases) expect(await start(input)).toMatchObject(error)
  expect(await count()).toBe(0)
})

const CANCEL = `mutation($id: ID!) { cancelJudgeRun(judgeRunId: $id) {
  __typename ... on Error { code } ... on NotFoundError { field }
  ... on CancelJudgeRunSuccess { judgeRun { status progress { total answered } } }
} }`

test('a run is canceled, again without effect, and not once it is done', async () => {
  await createFinishedJob(api.db, owner)
  const { judgeRun } = await start({ rounds: 'ALL' })
  const cancel = async () => (await api.get(owner, CANCEL, { id: judgeRun.id })).cancelJudgeRun
  const canceled = {
    __typename: 'CancelJudgeRunSuccess',
    judgeRun: { status: 'CANCELED', progress: { total: 2, answered: 0 } },
  }
  expect(await cancel()).toEqual(canceled)
  expect(await cancel()).toEqual(canceled)
  const done = await start({ filter: { batch: ['none'] } })
  expect(done.judgeRun).toMatchObject({ status: 'DONE', progress: { total: 0 } })
  expect((await api.get(owner, CANCEL, { id: done.judgeRun.id })).cancelJudgeRun).toEqual({
    ...{ __typename: 'JudgeRunFinishedError', code: 'JUDGE_RUN_FINISHED' },
  })
})

test('another tenant sees none of it, and a reader changes nothing', async () => {
  await createFinishedJob(api.db, owner)
  const { judgeRun } = await start({ rounds: 'ALL' })
  const { id } = judgeRun
  const document = `query($id: ID!) { judgeRun(id: $id) { name } node(id: $id) { id } judgeRuns { edges { node { id } } } }`
  expect(await api.get(stranger, document, { id })).toEqual({ judgeRun: null, node: null, judgeRuns: { edges: [] } })
  expect((await api.get(stranger, CANCEL, { id })).cancelJudgeRun).toMatchObject({
    code: 'NOT_FOUND',
    field: 'judgeRunId',
  })
  expect(await api.follow(stranger, PROGRESS, { id }, 1)).toMatchObject([{ errors: [{ code: 'NOT_FOUND' }] }])
  expect(await start({ rounds: 'ALL' }, stranger)).toMatchObject({ judgeRun: { progress: { total: 0 } } })
  for (const [call, variables] of [
    [START, { input: { name: 'x', model: testThinker } }],
    [CANCEL, { id }],
  ] as const) {
    expect((await api.run(reader, call, variables)).errors).toMatchObject([{ code: 'FORBIDDEN' }])
  }
  expect((await api.get(owner, document, { id })).judgeRun).toEqual({ name: 'again' })
})

const PROGRESS = `subscription($id: ID!) { judgeRunProgress(judgeRunId: $id) { status answered failed total judgeRun { name } } }`

test('progress is told as it comes and completes with the run', async () => {
  await createFinishedJob(api.db, owner)
  const { judgeRun } = await start({ rounds: 'ALL' })
  const heard: Answer[] = []
  const following = api.follow(reader, PROGRESS, { id: judgeRun.id }, 10).then(answers => heard.push(...answers))
  for (const given of [answer(9, 9), answer(4, 4)]) await answerNext(api.db, given)
  await within('the stream completes', following)
  const told = heard.map(({ data }) => data.judgeRunProgress)
  expect(told.at(-1)).toEqual({ status: 'DONE', answered: 2, failed: 0, total: 2, judgeRun: { name: 'again' } })
  expect(told.slice(0, -1).every(({ status }) => status === 'RUNNING')).toBe(true)
  const again = await api.follow(reader, PROGRESS, { id: judgeRun.id }, 10)
  expect(again).toHaveLength(1)
  const nobody = { id: encodeGlobalId('JudgeRun', v7()) }
  expect(await api.follow(reader, PROGRESS, nobody, 1)).toMatchObject([{ errors: [{ code: 'NOT_FOUND' }] }])
  expect(await api.follow(reader, PROGRESS, { id: 'x' }, 1)).toMatchObject([{ errors: [{ code: 'NOT_FOUND' }] }])
})

test('a job that was judged may be deleted: its answers go, and the run ends without it', async () => {
  const made = await createFinishedJob(api.db, owner)
  const { judgeRun } = await start({ rounds: 'ALL' })
  await answerNext(api.db, answer(9, 9))
  const document = 'mutation($jobId: ID!) { deleteJob(jobId: $jobId) { __typename } }'
  expect(await api.get(owner, document, { jobId: made.job })).toEqual({ deleteJob: { __typename: 'DeleteJobSuccess' } })
  const [last] = await api.follow(reader, PROGRESS, { id: judgeRun.id }, 10)
  expect(last?.data.judgeRunProgress).toMatchObject({ status: 'DONE', answered: 0, failed: 0, total: 2 })
})
