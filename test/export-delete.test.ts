import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeGlobalId, toUuid } from '../schema/global-id.ts'
import { cancelExport } from '../src/exports/cancel-export.ts'
import { deleteExport } from '../src/exports/delete-export.ts'
import { EXPORT_PREFIX } from '../src/exports/export-key.ts'
import { findExport } from '../src/exports/export-row.ts'
import { exportWork } from '../src/exports/export-work.ts'
import { startExport } from '../src/exports/start-export.ts'
import { sweepExports } from '../src/exports/sweep-exports.ts'
import { type ObjectStorage, StorageError } from '../src/storage/storage.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { buildSteps, doWork, type ExportSetup, listFiles, makeExport, openExports } from './support/export-setup.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createDatasets, type Datasets } from './support/id-cases-datasets.ts'
import { createExports } from './support/id-cases-exports.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { seedModels } from './support/stage-driver.ts'

const DAY_AFTER_MS = 25 * 3_600_000

let setup: ExportSetup
let steps: string
beforeAll(async () => {
  setup = await openExports()
  steps = await buildSteps(setup)
})
afterAll(() => setup.close())

const remove = (exportId: string, deps: { db: ExportSetup['db']; storage: ObjectStorage } = setup.deps) =>
  deleteExport(deps, { tenantId: setup.caller.tenantId, exportId })
const find = (exportId: string) => findExport(setup.db, setup.caller.tenantId, exportId)
const isStored = async (key: string) => (await setup.deps.storage.stat(key)) !== null

async function listKeys(exportId: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of setup.deps.storage.list(EXPORT_PREFIX)) if (key.includes(exportId)) keys.push(key)
  return keys
}

/** A store that is away when something is to be removed. */
const unremoving = (): ObjectStorage => ({
  ...setup.deps.storage,
  remove: () => Promise.reject(new StorageError('away')),
})

test('a deleted export is gone with its own files; its pictures, and the same ones elsewhere, stay', async () => {
  const other = await makeExport(setup, { versionId: steps, format: 'EASYR1' })
  const wish = { versionId: steps, format: 'IMAGEFOLDER' } as const
  const gone = await makeExport(setup, wish)
  const keys = (await listFiles(setup.db, gone.id)).map(({ objectKey }) => objectKey)
  const [own, placed] = [true, false].map(isOwn => keys.filter(key => key.startsWith(EXPORT_PREFIX) === isOwn))
  expect(own?.length).toBeGreaterThan(0)
  expect(placed?.length).toBeGreaterThan(0)

  await remove(gone.id)

  expect(await find(gone.id)).toBeNull()
  expect(await listFiles(setup.db, gone.id)).toEqual([])
  expect(await listKeys(gone.id)).toEqual([])
  const { rows } = await setup.db.query<{ key: string }>('select object_key as key from image')
  expect(rows.map(({ key }) => key)).toEqual(expect.arrayContaining(placed ?? []))
  for (const key of placed ?? []) expect(await isStored(key)).toBe(true)
  for (const { objectKey } of await listFiles(setup.db, other.id)) expect(await isStored(objectKey)).toBe(true)
  await expect(remove(gone.id)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'exportId' })
  const again = await makeExport(setup, wish)
  expect(again.id).not.toBe(gone.id)
  expect(again.contentHash).toBe(gone.contentHash)
})

test('an export that waits or is being written is refused, and goes once it is canceled', async () => {
  const id = await startExport(setup.db, setup.caller, { versionId: steps, format: 'JSONL', shardSize: 1 })
  await expect(remove(id)).rejects.toMatchObject({ code: 'EXPORT_ACTIVE', status: 'QUEUED' })
  const { storage } = setup.deps
  let puts = 0
  const deleting: ObjectStorage = {
    ...storage,
    async put(...args) {
      if (++puts === 2) await expect(remove(id)).rejects.toMatchObject({ code: 'EXPORT_ACTIVE', status: 'RUNNING' })
      if (puts === 3) {
        await cancelExport(setup.deps, setup.caller, id)
        await remove(id)
      }
      return await storage.put(...args)
    },
  }
  await doWork(setup.db, exportWork({ ...setup.deps, storage: deleting }), id)
  expect(puts).toBe(3)
  expect(await find(id)).toBeNull()
  expect(await listKeys(id)).toEqual([])
})

test('an export that failed can be deleted too', async () => {
  const wish = { versionId: steps, format: 'WEBDATASET' } as const
  const id = await startExport(setup.db, setup.caller, wish)
  const storage: ObjectStorage = { ...setup.deps.storage, put: () => Promise.reject(new Error('a bug')) }
  await doWork(setup.db, exportWork({ ...setup.deps, storage }), id)
  expect(await find(id)).toMatchObject({ status: 'FAILED' })
  await remove(id)
  expect(await find(id)).toBeNull()
})

test('a deletion that broke off is told of as such, and the sweeper ends it with all that it left', async () => {
  const wish = { versionId: steps, format: 'VERL' } as const
  const left = await makeExport(setup, wish)
  await expect(remove(left.id, { db: setup.db, storage: unremoving() })).rejects.toThrow(StorageError)
  expect(await find(left.id)).toMatchObject({ status: 'FAILED', errorCode: 'DELETED', contentHash: null })
  const kept = await makeExport(setup, wish)
  expect(kept.id).not.toBe(left.id)

  await sweepExports(setup.deps, Date.now() + DAY_AFTER_MS)

  expect(await find(left.id)).toBeNull()
  expect(await listKeys(left.id)).toEqual([])
  expect(await find(kept.id)).toMatchObject({ status: 'DONE' })
  for (const { objectKey } of await listFiles(setup.db, kept.id)) expect(await isStored(objectKey)).toBe(true)
})

test('a deletion whose process died before a file was removed is ended by a second call', async () => {
  const left = await makeExport(setup, { versionId: steps, format: 'CSV' })
  const dying = { ...setup.db, query: () => Promise.reject(new Error('died')) }
  await expect(remove(left.id, { db: dying, storage: setup.deps.storage })).rejects.toThrow('died')
  expect(await listFiles(setup.db, left.id)).not.toEqual([])
  await remove(left.id)
  expect(await find(left.id)).toBeNull()
  expect(await listKeys(left.id)).toEqual([])
})

test("another tenant's export is not found, and stays", async () => {
  const stranger = await createCaller(setup.db, 'ADMIN')
  const row = await makeExport(setup, { versionId: steps, format: 'JSONL' })
  const target = { tenantId: stranger.tenantId, exportId: row.id }
  await expect(deleteExport(setup.deps, target)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await find(row.id)).toMatchObject({ status: 'DONE' })
})

describe('in the API', () => {
  let api: TestApi
  let caller: Caller
  let datasets: Datasets
  beforeAll(async () => {
    api = await openTestApi()
    await seedModels(api.db)
    caller = await createCaller(api.db, 'WRITE')
    await createFinishedJob(api.db, caller)
    datasets = await createDatasets(api, caller)
  })
  afterAll(() => api.close())

  test('the mutation gives the id that is gone, and says what hinders it', async () => {
    const { done, waiting } = await createExports(api, caller, datasets)
    const document = `mutation($id: ID!) { deleteExport(exportId: $id) {
      __typename ... on DeleteExportSuccess { deletedId } ... on Error { code message }
      ... on ExportActiveError { status } ... on NotFoundError { field } } }`
    const act = async (id: string) => (await api.get(caller, document, { id })).deleteExport
    expect(await act(waiting)).toEqual({
      ...{ __typename: 'ExportActiveError', code: 'EXPORT_ACTIVE', status: 'QUEUED' },
      message: 'The export is QUEUED; cancel it before deleting it.',
    })
    expect(await act(done)).toEqual({ __typename: 'DeleteExportSuccess', deletedId: done })
    for (const id of [done, encodeGlobalId('Dataset', '00000000-0000-7000-8000-000000000000')]) {
      expect(await act(id)).toMatchObject({ __typename: 'NotFoundError', field: 'exportId' })
    }
  })

  test('whoever follows an export while it is deleted hears that it is not found', async () => {
    const { done } = await createExports(api, caller, datasets)
    const { followProgress } = api.deps.feed
    const target = { tenantId: caller.tenantId, exportId: toUuid(done, 'Export') ?? '' }
    api.deps.feed.followProgress = work =>
      followProgress({
        ...work,
        async read() {
          const state = await work.read()
          if (state !== null) await deleteExport(api.deps, target)
          return state
        },
      })
    const document = 'subscription($id: ID!) { exportProgress(exportId: $id) { export { id } } }'
    const answers = await api.follow(caller, document, { id: done }, 1).finally(() => {
      api.deps.feed.followProgress = followProgress
    })
    expect(answers).toMatchObject([{ data: null, errors: [{ code: 'NOT_FOUND' }] }])
  })
})
