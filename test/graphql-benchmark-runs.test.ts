import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { cancelJobs } from '../src/jobs/cancel-job.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'
import { seedImage, seedModels, testEditor, testThinker } from './support/stage-driver.ts'

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
  await api.db.query('delete from job')
  await api.db.query('delete from benchmark_run')
})
afterAll(() => api.close())

const START = `mutation($input: StartBenchmarkRunInput!) {
  startBenchmarkRun(input: $input) {
    __typename ... on Error { code message } ... on InvalidInputError { field }
    ... on StartBenchmarkRunSuccess {
      label fingerprint run { label editor { id } thinker { id } settings { maxRounds seed } variant by }
      jobs {
        __typename ... on Error { code message } ... on InvalidInputError { field } ... on NotFoundError { field }
        ... on StartBenchmarkItemSuccess { job { id batch metadata instruction } }
      }
    }
  }
}`
const newImage = async (caller = owner) => encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
const newItem = async (key: string, item: object = {}) => ({
  ...{ key, taskType: 'physics', instruction: `Melt ${key}.`, sourceId: await newImage() },
  ...item,
})
const start = async (items: object[], input: object = {}, by = owner) => {
  const run = { benchmark: 'KRIS', editor: testEditor, thinker: testThinker, items, ...input }
  return (await api.get(by, START, { input: run })).startBenchmarkRun
}
const countOf = async (table: string) => (await api.db.query(`select from ${table}`)).rowCount

test('items become jobs of one batch that know which items they are', async () => {
  const groundTruth = await newImage()
  const item = await newItem('7', { language: 'CN', pictures: { groundTruth }, facts: { frame: 3 } })
  const started = await start([item, await newItem('8')], { settings: { maxRounds: 3, seed: 0 } })
  const { label, fingerprint } = started
  expect(fingerprint).toMatch(/^[0-9a-f]{12}$/)
  expect(started).toMatchObject({
    label: `bench/kris/${fingerprint}`,
    run: {
      ...{ label, editor: { id: testEditor }, thinker: { id: testThinker }, settings: { maxRounds: 3, seed: 0 } },
      ...{ variant: null, by: owner.keyName },
    },
    jobs: [
      {
        job: {
          ...{ batch: label, instruction: 'Melt 7.' },
          metadata: {
            benchmark: {
              ...{ name: 'kris', key: '7', taskType: 'physics', language: 'cn', facts: { frame: 3 } },
              pictures: { groundTruth },
            },
          },
        },
      },
      { job: { metadata: { benchmark: { key: '8', language: 'en', facts: {}, pictures: {} } } } },
    ],
  })
})

test('the same call again starts nothing, and another item joins the run', async () => {
  const [one, two] = [await newItem('1'), await newItem('2')]
  const first = await start([one])
  const again = await start([one, two], { settings: { maxRounds: 5, candidates: null } })
  expect(again.label).toBe(first.label)
  expect(again.jobs[0].job.id).toBe(first.jobs[0].job.id)
  expect(await countOf('job')).toBe(2)
  expect(await countOf('benchmark_run')).toBe(1)
})

test('whatever changes the results changes the fingerprint', async () => {
  const items = [await newItem('1')]
  const labels = []
  for (const input of [
    {},
    { benchmark: 'RISE' },
    { settings: { maxRounds: 2 } },
    { settings: { stop: { semanticAtLeast: 9 } } },
    { variant: 'second try' },
    { settings: { critique: false }, thinker: null },
  ]) {
    labels.push((await start(items, input)).label)
  }
  expect(new Set(labels).size).toBe(labels.length)
  expect((await start(items, { settings: { critique: false } })).label).toBe(labels.at(-1))
})

test('an item that is refused says why and holds no other back', async () => {
  const foreign = await newImage(stranger)
  const { jobs } = await start([
    await newItem('1'),
    await newItem('2', { sourceId: foreign }),
    await newItem('3', { pictures: { groundTruth: foreign } }),
    await newItem('4', { pictures: { groundTruth: 'x' } }),
    await newItem('5', { facts: [1] }),
    await newItem('1', { instruction: 'Freeze it.' }),
    await newItem('x'.repeat(101)),
    await newItem('../up'),
    await newItem('6', { referenceIds: [foreign] }),
  ])
  expect(jobs).toMatchObject([
    { __typename: 'StartBenchmarkItemSuccess' },
    { __typename: 'NotFoundError', field: 'sourceId' },
    { __typename: 'NotFoundError', field: 'pictures.groundTruth' },
    { __typename: 'NotFoundError', field: 'pictures.groundTruth' },
    { __typename: 'InvalidInputError', field: 'facts' },
    { __typename: 'IdempotencyConflictError' },
    { __typename: 'InvalidInputError', field: 'key' },
    { __typename: 'InvalidInputError', field: 'key' },
    { __typename: 'NotFoundError', field: 'referenceIds.0' },
  ])
  expect(await countOf('job')).toBe(1)
})

test.each([
  [{ editor: 'nobody' }, { code: 'MODEL_UNAVAILABLE' }],
  [{ thinker: testEditor }, { code: 'MODEL_UNAVAILABLE' }],
  [{ thinker: null }, { code: 'INVALID_INPUT', field: 'thinker' }],
  [{ items: [] }, { code: 'INVALID_INPUT', field: 'items' }],
  [{ settings: { maxRounds: 21 } }, { code: 'INVALID_INPUT', field: 'settings.maxRounds' }],
  [{ settings: { editorParameters: { nonsense: 1 } } }, { code: 'INVALID_INPUT' }],
  [{ variant: '' }, { code: 'INVALID_INPUT', field: 'variant' }],
])('nothing is stored of a run with %j', async (input, error) => {
  expect(await start([await newItem('1')], input)).toMatchObject(error)
  expect(await countOf('job')).toBe(0)
  expect(await countOf('benchmark_run')).toBe(0)
})

test("a quota stops a call as a whole, and a judge's picture lives as long as its job", async () => {
  const caller = await createCaller(api.db, 'WRITE')
  await api.db.query('update tenant set quotas = $2 where id = $1', [caller.tenantId, '{"maxUnfinishedJobs": 1}'])
  const item = async (key: string) => newItem(key, { sourceId: await newImage(caller) })
  expect(await start([await item('1'), await item('2')], {}, caller)).toMatchObject({ code: 'QUOTA_EXCEEDED' })
  expect(await countOf('job')).toBe(0)

  const picture = await seedImage(api.db, owner.tenantId)
  await start([await newItem('1', { pictures: { truth: encodeGlobalId('Image', picture) } })])
  await expect(api.db.query('delete from image where id = $1', [picture])).rejects.toThrow(/job_picture/)
  await api.db.query('delete from job')
  expect((await api.db.query('delete from image where id = $1', [picture])).rowCount).toBe(1)
})

const RUN = `query($label: String!) { benchmarkRun(label: $label) {
  benchmark fingerprint batch { total queued canceled } taskTypes { taskType language total queued canceled failed }
} }`

test('a run counts its jobs by status and task type, for its tenant alone', async () => {
  const items = [await newItem('1'), await newItem('2', { taskType: 'biology' }), await newItem('3')]
  const { label, fingerprint } = await start(items)
  await cancelJobs(api.db, { tenantId: owner.tenantId, filter: {} })
  await start([await newItem('4')])
  expect(await api.get(reader, RUN, { label })).toEqual({
    benchmarkRun: {
      ...{ benchmark: 'KRIS', fingerprint, batch: { total: 4, queued: 1, canceled: 3 } },
      taskTypes: [
        { taskType: 'biology', language: 'en', total: 1, queued: 0, canceled: 1, failed: 0 },
        { taskType: 'physics', language: 'en', total: 3, queued: 1, canceled: 2, failed: 0 },
      ],
    },
  })
  expect(await api.get(stranger, RUN, { label })).toEqual({ benchmarkRun: null })
  expect(await api.get(owner, RUN, { label: 'bench/kris/\0' })).toEqual({ benchmarkRun: null })
})

test('runs are listed newest first, by pages and by benchmark', async () => {
  const items = [await newItem('1')]
  const labels: string[] = []
  for (const variant of ['a', 'b', 'c']) labels.push((await start(items, { variant })).label)
  await start(items, { benchmark: 'RISE' })
  const document = `query($after: String) { benchmarkRuns(benchmark: KRIS, first: 2, after: $after) {
    edges { node { label batch { total } taskTypes { total } } } pageInfo { hasNextPage endCursor }
  } }`
  const { benchmarkRuns: first } = await api.get(reader, document)
  const { benchmarkRuns: second } = await api.get(reader, document, { after: first.pageInfo.endCursor })
  const listed = [...first.edges, ...second.edges].map(({ node }: { node: { label: string } }) => node.label)
  expect(listed).toEqual([...labels].reverse())
  expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false])
  expect(first.edges[0].node).toMatchObject({ batch: { total: 1 }, taskTypes: [{ total: 1 }] })
  expect(await api.get(stranger, document)).toMatchObject({ benchmarkRuns: { edges: [] } })
})

test('the progress of a batch tells how it stands, then each change, and ends with the last job', async () => {
  const { label } = await start([await newItem('1'), await newItem('2')])
  const document = 'subscription($label: String!) { batchProgress(label: $label) { label total queued canceled } }'
  const first = await api.follow(reader, document, { label }, 1)
  expect(first).toMatchObject([{ data: { batchProgress: { label, total: 2, queued: 2, canceled: 0 } } }])
  const following = api.follow(owner, document, { label }, 10)
  await cancelJobs(api.db, { tenantId: owner.tenantId, filter: { batch: label } })
  const seen = await following
  expect(seen.at(-1)).toMatchObject({ data: { batchProgress: { queued: 0, canceled: 2 } } })
  expect(await api.follow(stranger, document, { label }, 1)).toMatchObject([{ errors: [{ code: 'NOT_FOUND' }] }])
})
