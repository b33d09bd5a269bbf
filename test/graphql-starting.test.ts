import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'
import { seedImage, seedModels, testEditor, testThinker } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
let sourceId: string

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  await api.db.query(
    `update model set parameters = '[{"name":"steps","type":"integer","default":28,"min":1,"max":50,"description":"Steps."}]'
     where id = $1`,
    [testEditor],
  )
  caller = await createCaller(api.db, 'WRITE')
  sourceId = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
})
afterAll(() => api.close())

const START = `mutation($input: StartEditInput!) {
  startEdit(input: $input) {
    __typename
    ... on StartEditSuccess { job { id status instruction priority batch tags metadata editor { id } thinker { id }
      source { id } references { id }
      settings { firstRound maxRounds candidates editFrom select critique fallbackEditors resubmitUncertain seed
        editorParameters stop { semanticAtLeast qualityAtLeast patience maxEditorSeconds maxThinkerTokens deadlineSeconds } } } }
    ... on Error { code message }
    ... on InvalidInputError { field }
    ... on NotFoundError { field }
    ... on IdempotencyConflictError { idempotencyKey }
    ... on ModelUnavailableError { model }
    ... on QuotaExceededError { limit resetsAt }
  }
}`

async function start(input: Record<string, unknown>, by = caller) {
  return (await api.get(by, START, { input: { sourceId, instruction: 'make it brighter', ...input } })).startEdit
}
const countJobs = async () =>
  (await api.db.query<{ n: number }>('select count(*) as n from job where tenant_id = $1', [caller.tenantId])).rows[0]
    ?.n

test('a job that chooses nothing gets the defaults', async () => {
  const { __typename, job } = await start({})
  expect(__typename).toBe('StartEditSuccess')
  expect(job).toEqual({
    id: expect.any(String),
    status: 'QUEUED',
    instruction: 'make it brighter',
    priority: 0,
    batch: null,
    tags: [],
    metadata: null,
    editor: { id: testEditor },
    thinker: { id: testThinker },
    source: { id: sourceId },
    references: [],
    settings: {
      firstRound: 'DIRECT',
      maxRounds: 5,
      candidates: 1,
      editFrom: 'SOURCE',
      select: 'BEST',
      critique: true,
      fallbackEditors: [],
      resubmitUncertain: false,
      seed: null,
      editorParameters: {},
      stop: {
        semanticAtLeast: 8,
        qualityAtLeast: 8,
        patience: null,
        maxEditorSeconds: null,
        maxThinkerTokens: null,
        deadlineSeconds: null,
      },
    },
  })
})

test('null means the default everywhere', async () => {
  const nulls = (...names: string[]) => Object.fromEntries(names.map(name => [name, null]))
  const settings = nulls('firstRound', 'maxRounds', 'candidates', 'editFrom', 'select', 'stop', 'critique', 'seed')
  const { job } = await start({
    ...nulls('editor', 'thinker', 'referenceIds', 'priority', 'batch', 'tags', 'metadata', 'idempotencyKey'),
    settings: { ...settings, ...nulls('fallbackEditors', 'resubmitUncertain', 'editorParameters') },
  })
  expect(job).toMatchObject({ priority: 0, tags: [], settings: { maxRounds: 5, candidates: 1, critique: true } })
  const stop = nulls('semanticAtLeast', 'qualityAtLeast', 'patience', 'deadlineSeconds')
  expect((await start({ settings: { stop } })).job.settings.stop).toMatchObject({ semanticAtLeast: 8, patience: null })
})

test('what is chosen is kept, to the limits', async () => {
  const reference = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
  const metadata = { row: 7, text: 'é\u2028"\\u0000"', list: [1.5, null, { deep: true }] }
  const stop = {
    semanticAtLeast: 10,
    qualityAtLeast: 0,
    patience: 1,
    maxEditorSeconds: 0.5,
    maxThinkerTokens: 1,
    deadlineSeconds: 1,
  }
  const settings = {
    firstRound: 'EVALUATE',
    maxRounds: 20,
    candidates: 8,
    editFrom: 'BEST',
    select: 'LAST',
    stop,
    fallbackEditors: [testEditor],
    resubmitUncertain: true,
    seed: 2_147_483_646,
    editorParameters: { steps: 50 },
  }
  const input = {
    instruction: '🖌'.repeat(8000),
    priority: -100,
    batch: 'b'.repeat(200),
    tags: Array.from({ length: 50 }, (_, n) => `${n}`.padStart(100, 't')),
    metadata,
    settings,
  }
  const { job } = await start({ ...input, referenceIds: [reference, sourceId] })
  expect(job).toMatchObject({ ...input, references: [{ id: reference }, { id: sourceId }] })
  expect((await start({ settings: { critique: false } })).job).toMatchObject({ thinker: null })
})

test.each([
  ['instruction', '1 to 8000 characters, not 0', { instruction: '' }],
  ['instruction', '1 to 8000 characters, not 8001', { instruction: 'x'.repeat(8001) }],
  ['instruction', 'NUL', { instruction: 'nul \0' }],
  ['priority', 'from -100 to 100, not 101', { priority: 101 }],
  ['batch', '1 to 200', { batch: '' }],
  ['tags', 'at most 50 items, not 51', { tags: Array(51).fill('t') }],
  ['tags.1', '1 to 100', { tags: ['t', 'x'.repeat(101)] }],
  ['metadata', 'at most 16384 bytes', { metadata: 'x'.repeat(16_384) }],
  ['metadata', 'surrogate', { metadata: { a: ['\ud800'] } }],
  ['metadata', 'NUL', { metadata: { 'k\0': 1 } }],
  ['idempotencyKey', '1 to 200', { idempotencyKey: 'k'.repeat(201) }],
  ['editor', '1 to 200', { editor: '' }],
  ['referenceIds', 'at most 8 items, not 9', { referenceIds: Array(9).fill('x') }],
  ['settings.maxRounds', 'from 1 to 20, not 0', { settings: { maxRounds: 0 } }],
  ['settings.maxRounds', 'from 1 to 20, not 21', { settings: { maxRounds: 21 } }],
  ['settings.candidates', 'from 1 to 8, not 9', { settings: { candidates: 9 } }],
  ['settings.seed', 'from 0 to 2147483646', { settings: { seed: 2_147_483_647 } }],
  ['settings.seed', 'from 0 to', { settings: { seed: -1 } }],
  ['settings.fallbackEditors', 'at most 8', { settings: { fallbackEditors: Array(9).fill('m') } }],
  ['settings.firstRound', 'DIRECT', { settings: { critique: false, firstRound: 'POLISH' } }],
  ['settings.editorParameters', 'object', { settings: { editorParameters: [1] } }],
  ['settings.editorParameters.steps', 'at most 50', { settings: { editorParameters: { steps: 51 } } }],
  ['settings.editorParameters.stepz', 'steps', { settings: { editorParameters: { stepz: 1 } } }],
  ['settings.stop.semanticAtLeast', 'from 0 to 10, not 10.1', { settings: { stop: { semanticAtLeast: 10.1 } } }],
  ['settings.stop.qualityAtLeast', 'from 0 to 10', { settings: { stop: { qualityAtLeast: -1 } } }],
  ['settings.stop.patience', 'from 1 to 20', { settings: { stop: { patience: 0 } } }],
  ['settings.stop.maxEditorSeconds', 'above 0', { settings: { stop: { maxEditorSeconds: 0 } } }],
  ['settings.stop.maxThinkerTokens', 'from 1', { settings: { stop: { maxThinkerTokens: 0 } } }],
  ['settings.stop.deadlineSeconds', 'from 1 to 2592000', { settings: { stop: { deadlineSeconds: 0 } } }],
])('a bad %s is refused by name, with "%s", and nothing is stored', async (field, message, input) => {
  const before = await countJobs()
  expect(await start(input)).toEqual({
    __typename: 'InvalidInputError',
    code: 'INVALID_INPUT',
    field,
    message: expect.stringContaining(message),
  })
  expect(await countJobs()).toBe(before)
})

test('metadata nested too deep to be written is refused', async () => {
  let metadata: unknown = null
  for (let n = 0; n < 20_000; n++) metadata = [metadata]
  expect(await start({ metadata })).toMatchObject({ __typename: 'InvalidInputError', field: 'metadata' })
})

test('an image that is not there and a model that nobody knows are refused', async () => {
  const job = (await start({})).job.id
  for (const id of ['x', job, encodeGlobalId('Image', '00000000-0000-0000-0000-000000000000')]) {
    expect(await start({ sourceId: id })).toMatchObject({ __typename: 'NotFoundError', field: 'sourceId' })
    const referenceIds = [sourceId, id]
    expect(await start({ referenceIds })).toMatchObject({ __typename: 'NotFoundError', field: 'referenceIds.1' })
  }
  expect(await start({ editor: 'no-such' })).toMatchObject({ __typename: 'ModelUnavailableError', model: 'no-such' })
  expect(await start({ thinker: testEditor })).toMatchObject({ __typename: 'ModelUnavailableError', model: testEditor })
})

test('the same key with the same input is the same job, with another input a conflict', async () => {
  const input = { idempotencyKey: 'once', tags: ['t'], metadata: { a: 1, b: 2 } }
  const first = await start(input)
  expect(await start({ ...input, metadata: { b: 2, a: 1 } })).toEqual(first)
  const conflict = { __typename: 'IdempotencyConflictError', idempotencyKey: 'once', code: 'IDEMPOTENCY_CONFLICT' }
  expect(await start({ ...input, instruction: 'make it darker' })).toMatchObject(conflict)
  expect(await start({ ...input, settings: { maxRounds: 4 } })).toMatchObject(conflict)
  const together = await Promise.all(Array.from({ length: 8 }, () => start({ idempotencyKey: 'rush' })))
  expect(new Set(together.map(result => result.job.id)).size).toBe(1)
  const other = await createCaller(api.db, 'WRITE')
  const theirs = encodeGlobalId('Image', await seedImage(api.db, other.tenantId))
  expect((await start({ ...input, sourceId: theirs }, other)).job.id).not.toBe(first.job.id)
})

test('a quota refuses the job that would go over it', async () => {
  const limited = await createCaller(api.db, 'WRITE')
  await api.db.query(`update tenant set quotas = '{"maxJobsPerDay": 1}' where id = $1`, [limited.tenantId])
  const source = encodeGlobalId('Image', await seedImage(api.db, limited.tenantId))
  expect((await start({ sourceId: source }, limited)).__typename).toBe('StartEditSuccess')
  expect(await start({ sourceId: source }, limited)).toMatchObject({
    __typename: 'QuotaExceededError',
    limit: 1,
    resetsAt: expect.stringMatching(/T00:00:00.000Z$/),
  })
})
