import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { answerNext, nonsense } from './support/judge-driver.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { seedModels, testThinker } from './support/stage-driver.ts'

let api: TestApi
let owner: Caller
let stranger: Caller

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  owner = await createCaller(api.db, 'WRITE')
  stranger = await createCaller(api.db, 'OPERATOR')
})
afterEach(async () => {
  await api.db.query('delete from judge_run')
  await api.db.query('delete from job')
})
afterAll(() => api.close())

const label = 'bench/kris/0123456789ab'
const item = (key: string, more: object = {}) => {
  const benchmark = {
    name: 'kris',
    key,
    taskType: 'color_change',
    language: 'en',
    facts: { category: 'x' },
    pictures: {},
  }
  return { batch: label, metadata: { benchmark: { ...benchmark, ...more } } }
}
const START = `mutation($input: StartJudgeRunInput!) {
  startJudgeRun(input: $input) {
    __typename ... on Error { code message } ... on InvalidInputError { field }
    ... on StartJudgeRunSuccess { judgeRun { id rounds roundIndex templates skipsAnswered progress { status total } } }
  }
}`
const start = async (input: object = {}, by = owner) => {
  const run = { name: 'judging', model: testThinker, rubric: 'kris', filter: { batch: [label] }, ...input }
  return (await api.get(by, START, { input: run })).startJudgeRun
}
const ITEMS = `query($label: String!, $judging: String!, $first: Int, $after: String) {
  judgedItems(label: $label, judging: $judging, first: $first, after: $after) {
    edges { node { jobId status key taskType language facts best rounds { round answers } } }
    pageInfo { hasNextPage endCursor }
  }
}`
const items = async (variables: object = {}, by = owner) =>
  (await api.get(by, ITEMS, { label, judging: 'judging', ...variables })).judgedItems
const nodes = async (variables: object = {}, by = owner) =>
  (await items(variables, by)).edges.map(({ node }: { node: unknown }) => node)

const say = (text: string) => ({ text, isCut: false, tokens: 5, endpointId: null })
const texts = {
  consistency: '{"consistency_score": 4}',
  instruction: '{"instruction_score": 2}',
  quality: '{"quality_score": 5}',
}

/** Answers what is asked about one round, call by call. */
async function answerAll(rounds: number): Promise<void> {
  const { rows } = await api.db.query<{ id: string }>(
    `select id from task where stage = 'JUDGE' and state = 'READY' order by round_id, call`,
  )
  expect(rows).toHaveLength(3 * rounds)
  const names = ['consistency', 'instruction', undefined, 'quality'] as const
  for (let i = 0; i < rows.length; i++) {
    const { rows: next } = await api.db.query<{ call: number }>(
      `select call from task where stage = 'JUDGE' and state = 'READY' order by round_index desc, priority desc, id limit 1`,
    )
    const name = names[Math.floor(((next[0]?.call ?? 1) - 1) / 3)]
    await answerNext(api.db, say(name ? texts[name] : ''))
  }
}

test('items come with what was written about each of their rounds, as far as it was', async () => {
  const made = await createFinishedJob(api.db, owner, { job: item('7') })
  await createFinishedJob(api.db, owner, { job: { batch: label } }) // no item
  await createFinishedJob(api.db, owner, { job: { ...item('8'), batch: 'other' } })
  const unjudged = { jobId: made.job, status: 'SUCCEEDED', key: '7', taskType: 'color_change', language: 'en', best: 2 }
  expect(await nodes()).toEqual([
    {
      ...{ ...unjudged, facts: { category: 'x' } },
      rounds: [
        { round: 1, answers: {} },
        { round: 2, answers: {} },
      ],
    },
  ])
  await start({ filter: { batch: [label], metadata: [{ key: 'benchmark', exists: true }] }, rounds: 'ALL' })
  await answerAll(2)
  expect(await nodes()).toMatchObject([
    {
      rounds: [
        { round: 1, answers: texts },
        { round: 2, answers: texts },
      ],
    },
  ])
  expect(await nodes({ judging: 'another' })).toMatchObject([{ rounds: [{ answers: {} }, { answers: {} }] }])
  expect(await nodes({}, stranger)).toEqual([])
})

test('of two runs of a name the newer answer that can be read counts', async () => {
  await createFinishedJob(api.db, owner, { scores: [[9, 9]], job: item('7') })
  await start()
  for (let call = 1; call <= 3; call++) for (let ask = 1; ask <= 3; ask++) await answerNext(api.db, nonsense)
  expect(await nodes()).toMatchObject([{ rounds: [{ answers: { consistency: 'Lovely!', quality: 'Lovely!' } }] }])
  const { judgeRun } = await start({ skipsAnswered: true })
  expect(judgeRun).toMatchObject({ skipsAnswered: true, progress: { total: 3 } })
  await answerAll(1)
  expect(await nodes()).toMatchObject([{ rounds: [{ answers: texts }] }])
  expect((await start({ skipsAnswered: true })).judgeRun).toMatchObject({ progress: { total: 0, status: 'DONE' } })
})

test('an index takes the last round up to it, the result where an item has fewer', async () => {
  const three = [
    [4, 4],
    [5, 5],
    [9, 9],
  ] as [number, number][]
  await createFinishedJob(api.db, owner, { scores: three, job: item('1') })
  await createFinishedJob(api.db, owner, { scores: [[9, 9]], job: item('2') })
  const { judgeRun } = await start({ roundIndex: 2 })
  expect(judgeRun).toMatchObject({ rounds: null, roundIndex: 2, progress: { total: 6 } })
  const { rows } = await api.db.query(
    `select distinct round_index as index from task where stage = 'JUDGE' order by round_index`,
  )
  expect(rows).toEqual([{ index: 1 }, { index: 2 }])
})

test('items come by pages, past jobs that are none', async () => {
  for (const job of [item('1'), { batch: label }, item('2')]) await createFinishedJob(api.db, owner, { job })
  const keys: string[] = []
  let after: string | null = null
  for (let page = 1; page <= 4; page++) {
    const found: Awaited<ReturnType<typeof items>> = await items({ first: 1, after })
    keys.push(...found.edges.map(({ node }: { node: { key: string } }) => node.key))
    after = found.pageInfo.endCursor
    if (!found.pageInfo.hasNextPage) break
  }
  expect(keys).toEqual(['1', '2'])
  expect(await api.run(owner, ITEMS, { label, judging: 'x', first: 101 })).toMatchObject({
    errors: [{ code: 'INVALID_INPUT', field: 'first' }],
  })
})

test.each([
  [
    { templates: { dual: 'x', duel: 'x' } },
    'templates.duel',
    /no template of "kris", which has consistency, instruction,/,
  ],
  [{ templates: { dual: '' } }, 'templates.dual', /1 to 20000 characters/],
  [{ templates: { dual: 'x'.repeat(20_001) } }, 'templates.dual', /1 to 20000 characters/],
  [{ templates: { dual: 5 } }, 'templates.dual', /string/],
  [{ templates: ['x'] }, 'templates', /object of texts/],
  [{ rubric: 'overall', templates: { overall: 'x' } }, 'templates.overall', /which has none/],
  [{ roundIndex: 0 }, 'roundIndex', /1 to 1000/],
  [{ roundIndex: 1, rounds: 'LAST' }, 'roundIndex', /together with rounds/],
  [{ roundIndex: 1, filter: null, roundIds: ['x'] }, 'roundIds', /together with/],
])('%j is refused', async (input, field, message) => {
  expect(await start(input)).toMatchObject({ code: 'INVALID_INPUT', field, message: expect.stringMatching(message) })
  expect((await api.db.query('select 1 from judge_run')).rows).toEqual([])
})

test('judge runs are found by how their names begin', async () => {
  for (const name of ['a by x', 'a by y', 'b by x', 'a%']) await start({ name })
  const document = 'query($namePrefix: String) { judgeRuns(namePrefix: $namePrefix) { edges { node { name } } } }'
  const find = async (namePrefix: string | null, by = owner) =>
    (await api.get(by, document, { namePrefix })).judgeRuns.edges.map(
      ({ node }: { node: { name: string } }) => node.name,
    )
  expect(await find('a by ')).toEqual(['a by y', 'a by x'])
  expect(await find('a%')).toEqual(['a%'])
  expect(await find(null)).toHaveLength(4)
  expect(await find('a', stranger)).toEqual([])
})
