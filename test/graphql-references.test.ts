// More reference images than a model takes are refused before anything is stored.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'
import { claimFrom, seedImage, seedModels, testEditor } from './support/stage-driver.ts'

// Each does all that a job may ask for.
const [takesTwo, takesNone] = ['takes-two', 'takes-none']

let api: TestApi
let caller: Caller
let images: string[]
beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  await api.db.query(
    `insert into model (id, kinds, position, max_references)
     values ($1, '{EDITOR,GENERATOR,FILLER}', 10, 2), ($2, '{EDITOR,GENERATOR,FILLER}', 11, 0)`,
    [takesTwo, takesNone],
  )
  caller = await createCaller(api.db, 'WRITE')
  const ids = await Promise.all(Array.from({ length: 3 }, () => seedImage(api.db, caller.tenantId)))
  images = ids.map(id => encodeGlobalId('Image', id))
})
afterAll(() => api.close())

const RESULT = '__typename ... on Error { code message } ... on InvalidInputError { field }'
const tooMany = {
  ...{ __typename: 'InvalidInputError', code: 'INVALID_INPUT', field: 'referenceIds' },
  message: `The model "${takesTwo}" takes at most 2 reference images, and the job has 3.`,
}
const none = { ...tooMany, message: `The model "${takesNone}" takes no reference images, and the job has 1.` }

const picturesOf = {
  startEdit: () => ({ sourceId: images[0] }),
  startGeneration: () => ({}),
  startFill: () => ({ sourceId: images[0], maskId: images[1] }),
}

async function countJobs(): Promise<number> {
  const { rows } = await api.db.query<{ jobs: number }>('select count(*)::int as jobs from job')
  return rows[0]?.jobs ?? 0
}

describe.each(['startEdit', 'startGeneration', 'startFill'] as const)('%s', mutation => {
  const type = mutation.replace('start', 'Start')
  const document = `mutation($input: ${type}Input!) {
    ${mutation}(input: $input) { ${RESULT} ... on ${type}Success { job { references { id } settings { fallbackEditors } } } }
  }`
  async function start(input: Record<string, unknown>) {
    const given = { instruction: 'a red boat', ...picturesOf[mutation](), ...input }
    return (await api.get(caller, document, { input: given }))[mutation]
  }

  test('takes as many references as the editor does and refuses more by the limit', async () => {
    const two = images.slice(0, 2)
    const { job } = await start({ editor: takesTwo, referenceIds: two })
    expect(job.references).toEqual(two.map(id => ({ id })))
    expect((await start({ editor: takesNone })).__typename).toBe(`${type}Success`)
    const before = await countJobs()
    expect(await start({ editor: takesTwo, referenceIds: images })).toEqual(tooMany)
    expect(await start({ editor: takesNone, referenceIds: [images[2]] })).toEqual(none)
    expect(await countJobs()).toBe(before)
  })

  test('refuses a fallback editor that takes fewer, by its place', async () => {
    const fallbacks = (referenceIds: unknown[]) =>
      start({ editor: takesTwo, referenceIds, settings: { fallbackEditors: [takesTwo, takesNone] } })
    expect(await fallbacks([images[0]])).toEqual({ ...none, field: 'settings.fallbackEditors.1' })
    expect((await fallbacks([])).job.settings.fallbackEditors).toEqual([takesTwo, takesNone])
  })
})

test('an edit of many that has too many holds none of the others back', async () => {
  const document = `mutation($input: StartEditsInput!) {
    startEdits(input: $input) { ... on StartEditsSuccess { jobs { ${RESULT} } } }
  }`
  const edit = { sourceId: images[0], instruction: 'x', editor: takesTwo }
  const edits = [edit, { ...edit, referenceIds: images }, edit]
  const { startEdits } = await api.get(caller, document, { input: { edits } })
  expect(startEdits.jobs).toEqual([{ __typename: 'StartEditSuccess' }, tooMany, { __typename: 'StartEditSuccess' }])
})

test('a model that no limit is known of takes what the API does', async () => {
  const document = `mutation($input: StartEditInput!) { startEdit(input: $input) { ${RESULT} } }`
  const referenceIds = Array(8).fill(images[1])
  const input = { sourceId: images[0], instruction: 'x', editor: testEditor, referenceIds }
  expect((await api.get(caller, document, { input })).startEdit).toEqual({ __typename: 'StartEditSuccess' })
})

test('a fork to an editor that takes fewer than its parent has is refused', async () => {
  await api.db.query(`update task set state = 'CANCELED', ended_at = now() where state = 'READY'`)
  const document = `mutation($input: StartEditInput!) {
    startEdit(input: $input) { ... on StartEditSuccess { job { rounds { id } } } }
  }`
  const settings = { critique: false }
  const input = { sourceId: images[0], instruction: 'x', editor: takesTwo, referenceIds: [images[1]], settings }
  const { job } = (await api.get(caller, document, { input })).startEdit
  const task = await claimFrom(api.db, `edit:${takesTwo}`)
  const imageId = await seedImage(api.db, caller.tenantId)
  await recordEdit(api.db, task, { imageId, editorSeconds: 1, endpointId: null })
  const FORK = `mutation($input: ForkRoundInput!) { forkRound(input: $input) { ${RESULT} } }`
  const fork = (editor: string) => api.get(caller, FORK, { input: { roundId: job.rounds[0].id, prompt: 'y', editor } })
  expect(await fork(takesNone)).toEqual({ forkRound: { ...none, field: 'editor' } })
  expect(await fork(takesTwo)).toEqual({ forkRound: { __typename: 'ForkRoundSuccess' } })
})

test('models tell how many references they take', async () => {
  const { models } = await api.get(caller, '{ models { id maxReferences } }')
  expect(models).toEqual(
    expect.arrayContaining([
      { id: takesTwo, maxReferences: 2 },
      { id: takesNone, maxReferences: 0 },
      { id: testEditor, maxReferences: null },
      { id: 'gpt-image-2', maxReferences: 15 },
      { id: 'flux-2-pro', maxReferences: 7 },
      { id: 'builtin-retouch', maxReferences: 0 },
    ]),
  )
})
