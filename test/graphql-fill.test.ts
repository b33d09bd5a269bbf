import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { refusedFields } from './support/documents.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'
import {
  claimFrom,
  seedImage,
  seedModels,
  seedMoreModels,
  testEditor,
  testFiller,
  testGenerator,
  testThinker,
} from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
let sourceId: string
let maskId: string

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  await seedMoreModels(api.db)
  caller = await createCaller(api.db, 'WRITE')
  sourceId = await createImage()
  maskId = await createImage()
})
afterAll(() => api.close())

const FIELDS = `{ id kind status batch editor { id } thinker { id } source { id } mask { id } size { width height }
  references { id } rounds { id index prompt image { id } } }`
const START = `mutation($input: StartFillInput!) {
  startFill(input: $input) { ...Result ... on StartFillSuccess { job ${FIELDS} } }
}
fragment Result on StartFillResult { ${refusedFields} }`

async function start(input: Record<string, unknown> = {}, by = caller) {
  const { startFill } = await api.get(by, START, { input: { sourceId, maskId, instruction: 'a red boat', ...input } })
  return startFill
}

/** A stored image of this size, by its global id. */
async function createImage(size = { width: 8, height: 8 }, by = caller): Promise<string> {
  const id = await seedImage(api.db, by.tenantId)
  await api.db.query('update image set width = $2, height = $3 where id = $1', [id, size.width, size.height])
  return encodeGlobalId('Image', id)
}

test('a fill that chooses nothing gets the first fill model, its source and its mask', async () => {
  const { __typename, job } = await start()
  expect(__typename).toBe('StartFillSuccess')
  expect(job).toEqual({
    ...{ id: expect.any(String), kind: 'FILL', status: 'QUEUED', batch: null, size: null, references: [] },
    ...{ editor: { id: testFiller }, thinker: { id: testThinker }, source: { id: sourceId }, mask: { id: maskId } },
    rounds: [{ id: expect.any(String), index: 1, prompt: 'a red boat', image: null }],
  })
})

test.each([
  { width: 8, height: 7 },
  { width: 7, height: 8 },
  { width: 16, height: 16 },
])('a mask of another size, %j, is refused with both sizes', async size => {
  expect(await start({ maskId: await createImage(size) })).toEqual({
    ...{ __typename: 'InvalidInputError', code: 'INVALID_INPUT', field: 'maskId' },
    message: `maskId must be as large as the source, 8 x 8 pixels, not ${size.width} x ${size.height}.`,
  })
})

test('a mask that is not there, or not yet, is refused', async () => {
  const pending = await seedImage(api.db, caller.tenantId)
  await api.db.query(`update image set status = 'PENDING' where id = $1`, [pending])
  for (const id of ['x', encodeGlobalId('Image', pending), encodeGlobalId('Job', pending)]) {
    expect(await start({ maskId: id })).toMatchObject({ __typename: 'NotFoundError', field: 'maskId' })
  }
})

test.each([testEditor, testGenerator, testThinker, 'builtin-retouch'])('%s fills nothing', async model => {
  expect(await start({ editor: model })).toMatchObject({ __typename: 'ModelUnavailableError', model })
  const refused = await start({ settings: { fallbackEditors: [model] } })
  expect(refused).toMatchObject({ __typename: 'InvalidInputError', field: 'settings.fallbackEditors.0' })
})

test('references, a batch, every first round and no critique are taken as for an edit', async () => {
  const referenceIds = [await createImage(), await createImage({ width: 100, height: 3 })]
  const { job } = await start({ referenceIds, batch: 'boats', settings: { firstRound: 'EVALUATE', editFrom: 'BEST' } })
  expect(job).toMatchObject({ references: referenceIds.map(id => ({ id })), batch: 'boats' })
  expect(job.rounds).toMatchObject([{ index: 0, prompt: '', image: { id: sourceId } }])
  expect((await start({ settings: { critique: false } })).job).toMatchObject({ thinker: null })
})

test('a fill is the same by its key only where the mask and the references are', async () => {
  const input = { idempotencyKey: 'boat' }
  const first = await start(input)
  expect((await start(input)).job.id).toBe(first.job.id)
  const conflict = { __typename: 'IdempotencyConflictError' }
  expect(await start({ ...input, maskId: await createImage() })).toMatchObject(conflict)
  expect(await start({ ...input, referenceIds: [sourceId] })).toMatchObject(conflict)
  const edit = { instruction: 'a red boat', sourceId, idempotencyKey: 'boat' }
  const document = 'mutation($input: StartEditInput!) { startEdit(input: $input) { __typename } }'
  expect((await api.get(caller, document, { input: edit })).startEdit).toEqual(conflict)
})

test('a quota of jobs counts fills', async () => {
  const limited = await createCaller(api.db, 'WRITE')
  await api.db.query(`update tenant set quotas = '{"maxJobsPerDay": 1}' where id = $1`, [limited.tenantId])
  const own = { sourceId: await createImage(undefined, limited), maskId: await createImage(undefined, limited) }
  expect((await start(own, limited)).__typename).toBe('StartFillSuccess')
  expect(await start(own, limited)).toMatchObject({ __typename: 'QuotaExceededError', limit: 1 })
})

test('a mask is deleted only once no job needs it', async () => {
  const own = await createImage()
  const { job } = await start({ maskId: own })
  const DELETE = 'mutation($id: ID!) { deleteImage(imageId: $id) { __typename } }'
  expect(await api.get(caller, DELETE, { id: own })).toEqual({ deleteImage: { __typename: 'ImageInUseError' } })
  await api.get(caller, 'mutation($id: ID!) { cancelJob(jobId: $id) { __typename } }', { id: job.id })
  await api.get(caller, 'mutation($id: ID!) { deleteJob(jobId: $id) { __typename } }', { id: job.id })
  expect(await api.get(caller, DELETE, { id: own })).toEqual({ deleteImage: { __typename: 'DeleteImageSuccess' } })
})

test('a fork keeps the mask and the references', async () => {
  await api.db.query(`update task set state = 'CANCELED', ended_at = now() where state = 'READY'`)
  const { job } = await start({ referenceIds: [sourceId], settings: { critique: false } })
  const task = await claimFrom(api.db, `edit:${testFiller}`)
  const made = await seedImage(api.db, caller.tenantId)
  await recordEdit(api.db, task, { imageId: made, editorSeconds: 1, endpointId: null })
  const FORK = `mutation($input: ForkRoundInput!) {
    forkRound(input: $input) { __typename ... on ForkRoundSuccess { job ${FIELDS} } ... on ModelUnavailableError { model } }
  }`
  const fork = (input: object) => api.get(caller, FORK, { input: { roundId: job.rounds[0].id, ...input } })
  const forked = (await fork({ prompt: 'a blue boat' })).forkRound.job
  expect(forked).toMatchObject({ kind: 'FILL', source: { id: sourceId }, mask: { id: maskId } })
  expect(forked).toMatchObject({ references: [{ id: sourceId }], rounds: [{ index: 1, prompt: 'a blue boat' }] })
  const error = { __typename: 'ModelUnavailableError', model: testEditor }
  expect(await fork({ editor: testEditor })).toEqual({ forkRound: error })
})
