import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeGlobalId, toUuid } from '../schema/global-id.ts'
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

const plainGenerator = 'plain-generator'
let api: TestApi
let caller: Caller
let imageId: string

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'WRITE')
  imageId = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
})
afterAll(() => api.close())

const FIELDS = `{ id kind status instruction batch editor { id } thinker { id } source { id } mask { id } size { width height }
  references { id } forkedFrom { id } settings { firstRound editFrom critique }
  rounds { id index prompt promptSource parent { id } image { id } } }`
const START = `mutation($input: StartGenerationInput!) {
  startGeneration(input: $input) { ...Result ... on StartGenerationSuccess { job ${FIELDS} } }
}
fragment Result on StartGenerationResult { ${refusedFields} }`

async function start(input: Record<string, unknown> = {}, by = caller) {
  return (await api.get(by, START, { input: { instruction: 'a red fox in the snow', ...input } })).startGeneration
}

test('without a model that generates there is no default', async () => {
  const error = {
    __typename: 'ModelUnavailableError',
    model: null,
    message: expect.stringContaining('image generator'),
  }
  expect(await start()).toMatchObject(error)
})

describe('a generation', () => {
  beforeAll(async () => {
    await seedMoreModels(api.db)
    await api.db.query(`insert into model (id, kinds, position) values ($1, '{GENERATOR}', 20)`, [plainGenerator])
  })

  test('that chooses nothing gets the first generator, no images and round 1 by its own words', async () => {
    const { __typename, job } = await start()
    expect(__typename).toBe('StartGenerationSuccess')
    expect(job).toEqual({
      ...{
        id: expect.any(String),
        kind: 'GENERATE',
        status: 'QUEUED',
        instruction: 'a red fox in the snow',
        batch: null,
      },
      ...{ editor: { id: testGenerator }, thinker: { id: testThinker }, source: null, mask: null, size: null },
      ...{ references: [], forkedFrom: null, settings: { firstRound: 'DIRECT', editFrom: 'SOURCE', critique: true } },
      rounds: [
        {
          ...{ id: expect.any(String), index: 1, parent: null, image: null },
          ...{ prompt: 'a red fox in the snow', promptSource: 'INSTRUCTION' },
        },
      ],
    })
  })

  test.each([
    { width: 64, height: 4096 },
    { width: 1328, height: 1328 },
  ])('keeps the size %j', async size => {
    expect((await start({ size })).job.size).toEqual(size)
    expect((await start({ size: null })).job.size).toBeNull()
  })

  test.each([
    ['size.width', { width: 48, height: 64 }, 48],
    ['size.width', { width: 0, height: 64 }, 0],
    ['size.width', { width: -64, height: 64 }, -64],
    ['size.height', { width: 64, height: 4112 }, 4112],
    ['size.height', { width: 64, height: 1000 }, 1000],
  ])('refuses the %s of %j by the limit', async (field, size, side) => {
    expect(await start({ size })).toEqual({
      ...{ __typename: 'InvalidInputError', code: 'INVALID_INPUT', field },
      message: `${field} must be from 64 to 4096 in steps of 16, not ${side}.`,
    })
  })

  test('takes references and its batch, and no thinker where it wants no critique', async () => {
    const referenceIds = [encodeGlobalId('Image', await seedImage(api.db, caller.tenantId)), imageId]
    const { job } = await start({ referenceIds, batch: 'foxes', settings: { critique: false } })
    expect(job).toMatchObject({ references: referenceIds.map(id => ({ id })), batch: 'foxes', thinker: null })
    const { batch } = await api.get(
      caller,
      '{ batch(label: "foxes") { total queued jobs { edges { node { kind } } } } }',
    )
    expect(batch).toEqual({ total: 1, queued: 1, jobs: { edges: [{ node: { kind: 'GENERATE' } }] } })
    expect(await start({ referenceIds: ['x'] })).toMatchObject({ __typename: 'NotFoundError', field: 'referenceIds.0' })
    const many = await start({ referenceIds: Array(9).fill(imageId) })
    expect(many).toMatchObject({ __typename: 'InvalidInputError', field: 'referenceIds' })
  })

  test('is not judged by a critic that compares with a source, chosen or left as the only one', async () => {
    const critic = 'builtin-critic'
    const refused = {
      ...{ __typename: 'InvalidInputError', code: 'INVALID_INPUT', field: 'thinker' },
      message: expect.stringMatching(/"builtin-critic" compares .* settings\.critique to false/),
    }
    expect(await start({ thinker: critic })).toEqual(refused)
    // First in the fleet file, yet no default here.
    await api.db.query(`insert into model (id, kinds, position) values ($1, '{THINKER}', -1)`, [critic])
    expect((await start()).job.thinker).toEqual({ id: testThinker })
    await api.db.query('delete from model where id = $1', [testThinker])
    try {
      expect(await start()).toEqual(refused)
      expect((await start({ thinker: critic, settings: { critique: false } })).job.thinker).toBeNull()
      const edit = `mutation($input: StartEditInput!) {
        startEdit(input: $input) { ... on StartEditSuccess { job { thinker { id } } } }
      }`
      const input = { instruction: 'brighter', sourceId: imageId, editor: testEditor }
      expect(await api.get(caller, edit, { input })).toEqual({ startEdit: { job: { thinker: { id: critic } } } })
    } finally {
      await api.db.query('delete from model where id = $1', [critic])
      await seedModels(api.db)
    }
  })

  test('has nothing to evaluate first', async () => {
    expect(await start({ settings: { firstRound: 'EVALUATE' } })).toEqual({
      ...{ __typename: 'InvalidInputError', code: 'INVALID_INPUT', field: 'settings.firstRound' },
      message: expect.stringMatching(/must be DIRECT or POLISH/),
    })
    expect((await start({ settings: { firstRound: 'POLISH' } })).job.rounds).toEqual([])
  })

  test('goes on from an earlier picture only by models that edit as well', async () => {
    for (const editFrom of ['PREVIOUS', 'BEST']) {
      const refused = { __typename: 'InvalidInputError', field: 'settings.editFrom' }
      const message = expect.stringContaining(`"${plainGenerator}"`)
      expect(await start({ editor: plainGenerator, settings: { editFrom } })).toMatchObject({ ...refused, message })
      const fallback = { editFrom, fallbackEditors: [plainGenerator] }
      expect(await start({ settings: fallback })).toMatchObject({ ...refused, message })
      expect((await start({ settings: { editFrom } })).job).toMatchObject({ editor: { id: testGenerator } })
    }
    expect((await start({ editor: plainGenerator })).job.editor).toEqual({ id: plainGenerator })
  })

  test.each([testEditor, testFiller, testThinker, 'builtin-retouch', 'no-such'])(
    'is not made by %s, nor falls back on it',
    async model => {
      expect(await start({ editor: model })).toMatchObject({ __typename: 'ModelUnavailableError', model })
      const refused = await start({ settings: { fallbackEditors: [testGenerator, model] } })
      expect(refused).toMatchObject({ __typename: 'InvalidInputError', field: 'settings.fallbackEditors.1' })
    },
  )

  test('is the same by its key only where kind, size and references are', async () => {
    const input = { idempotencyKey: 'fox', size: { width: 512, height: 512 }, referenceIds: [imageId] }
    const first = await start(input)
    expect((await start({ ...input, size: { height: 512, width: 512 } })).job.id).toBe(first.job.id)
    const conflict = { __typename: 'IdempotencyConflictError' }
    expect(await start({ ...input, size: { width: 512, height: 528 } })).toMatchObject(conflict)
    expect(await start({ ...input, size: null })).toMatchObject(conflict)
    expect(await start({ ...input, referenceIds: [] })).toMatchObject(conflict)
    const edit = { instruction: 'a red fox in the snow', sourceId: imageId, idempotencyKey: 'fox' }
    const document = 'mutation($input: StartEditInput!) { startEdit(input: $input) { __typename } }'
    expect((await api.get(caller, document, { input: edit })).startEdit).toEqual(conflict)
  })

  test('counts against the quota of jobs', async () => {
    const limited = await createCaller(api.db, 'WRITE')
    await api.db.query(`update tenant set quotas = '{"maxJobsPerDay": 1}' where id = $1`, [limited.tenantId])
    expect((await start({}, limited)).__typename).toBe('StartGenerationSuccess')
    expect(await start({}, limited)).toMatchObject({ __typename: 'QuotaExceededError', limit: 1 })
  })

  test('cancels, and is deleted, as any other job', async () => {
    const { job } = await start()
    const cancel = `mutation($id: ID!) { cancelJob(jobId: $id) { ... on CancelJobSuccess { job { status } } } }`
    expect(await api.get(caller, cancel, { id: job.id })).toEqual({ cancelJob: { job: { status: 'CANCELED' } } })
    const remove = `mutation($id: ID!) { deleteJob(jobId: $id) { ... on DeleteJobSuccess { deletedId } } }`
    expect(await api.get(caller, remove, { id: job.id })).toEqual({ deleteJob: { deletedId: job.id } })
  })
})

describe('a fork of a generation', () => {
  const FORK = `mutation($input: ForkRoundInput!) {
    forkRound(input: $input) { ...Result ... on ForkRoundSuccess { job ${FIELDS} } }
  }
  fragment Result on ForkRoundResult { ${refusedFields} }`
  const size = { width: 96, height: 64 }
  let roundId: string
  let madeId: string

  async function fork(input: Record<string, unknown> = {}) {
    return (await api.get(caller, FORK, { input: { roundId, ...input } })).forkRound
  }

  beforeAll(async () => {
    const editor = 'forked-generator'
    await api.db.query(`insert into model (id, kinds, position) values ($1, '{GENERATOR,EDITOR}', 30)`, [editor])
    const { job } = await start({ editor, size, referenceIds: [imageId], settings: { critique: false } })
    const task = await claimFrom(api.db, `edit:${editor}`)
    const made = await seedImage(api.db, caller.tenantId)
    await recordEdit(api.db, task, { imageId: made, editorSeconds: 1, endpointId: null })
    roundId = job.rounds[0].id
    madeId = made
  })

  test('keeps kind, size and references', async () => {
    const { job } = await fork({ prompt: 'a blue fox' })
    expect(job).toMatchObject({ kind: 'GENERATE', size, source: null, references: [{ id: imageId }] })
    expect(job.rounds).toMatchObject([{ prompt: 'a blue fox', promptSource: 'USER', parent: { id: roundId } }])
    expect(await baseOf(job.rounds[0].id)).toBeNull()
  })

  test("edits the round's picture where it is to go on from it", async () => {
    const { job } = await fork({ prompt: 'a blue fox', settings: { editFrom: 'PREVIOUS' } })
    expect(await baseOf(job.rounds[0].id)).toBe(madeId)
  })

  test('is held to what a generation can do', async () => {
    const field = 'settings.firstRound'
    expect(await fork({ settings: { firstRound: 'EVALUATE' } })).toMatchObject({
      __typename: 'InvalidInputError',
      field,
    })
    expect(await fork({ editor: testEditor })).toMatchObject({ __typename: 'ModelUnavailableError', model: testEditor })
  })

  async function baseOf(globalId: string): Promise<string | null> {
    const query = 'select base_image_id as base from round where id = $1'
    const { rows } = await api.db.query<{ base: string | null }>(query, [toUuid(globalId, 'Round')])
    return rows[0]?.base ?? null
  }
})
