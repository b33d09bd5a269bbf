import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteDataset } from '../src/datasets/delete-dataset.ts'
import { cancelExport } from '../src/exports/cancel-export.ts'
import { EXPORT_PREFIX } from '../src/exports/export-key.ts'
import { findExport } from '../src/exports/export-row.ts'
import { exportWork } from '../src/exports/export-work.ts'
import { startExport } from '../src/exports/start-export.ts'
import { sweepExports } from '../src/exports/sweep-exports.ts'
import { forgetImage } from '../src/images/forget-image.ts'
import { sql } from '../src/sql.ts'
import { type ObjectStorage, StorageError } from '../src/storage/storage.ts'
import {
  buildDataset,
  buildSteps,
  doWork,
  type ExportSetup,
  listFiles,
  makeExport,
  openExports,
  playPainted,
  thinkEdit,
} from './support/export-setup.ts'
import { createCaller } from './support/seed.ts'

let setup: ExportSetup
let steps: string
beforeAll(async () => {
  setup = await openExports()
  steps = await buildSteps(setup)
})
afterAll(() => setup.close())

test('the same export is not made twice; one that failed or was canceled is', async () => {
  const wish = { versionId: steps, format: 'CSV', shardSize: 5 } as const
  const first = await startExport(setup.db, setup.caller, wish)
  expect(await startExport(setup.db, setup.caller, wish)).toBe(first)
  expect(await startExport(setup.db, setup.caller, { ...wish, shardSize: 4 })).not.toBe(first)
  await cancelExport(setup.deps, setup.caller, first)
  expect(await startExport(setup.db, setup.caller, wish)).not.toBe(first)
})

test('a cancellation takes everything away at once, and whoever writes it stops at its next file', async () => {
  const id = await startExport(setup.db, setup.caller, { versionId: steps, format: 'JSONL', shardSize: 1 })
  const { storage } = setup.deps
  let puts = 0
  const canceling: ObjectStorage = {
    ...storage,
    async put(...args) {
      if (++puts === 3) await cancelExport(setup.deps, setup.caller, id)
      return await storage.put(...args)
    },
  }
  await doWork(setup.db, exportWork({ ...setup.deps, storage: canceling }), id)
  expect(puts).toBe(3)
  expect(await findExport(setup.db, setup.caller.tenantId, id)).toMatchObject({ status: 'CANCELED', contentHash: null })
  expect(await listFiles(setup.db, id)).toEqual([])
  expect(await listKeys(id)).toEqual([])
  await cancelExport(setup.deps, setup.caller, id)
  const done = await makeExport(setup, { versionId: steps, format: 'JSONL' })
  await expect(cancelExport(setup.deps, setup.caller, done.id)).rejects.toMatchObject({ code: 'EXPORT_FINISHED' })
})

async function listKeys(exportId: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of setup.deps.storage.list(EXPORT_PREFIX)) if (key.includes(exportId)) keys.push(key)
  return keys
}

/** A store whose puts fail so many times. */
function failing(times: number, error: () => Error): ObjectStorage {
  const { storage } = setup.deps
  let left = times
  return {
    ...storage,
    async put(key, body, ...rest) {
      if (left-- <= 0) return await storage.put(key, body, ...rest)
      body.destroy()
      throw error()
    },
  }
}

test('a store that is away for a moment is waited for', async () => {
  const id = await startExport(setup.db, setup.caller, { versionId: steps, format: 'CSV', shardSize: 3 })
  const storage = failing(2, () => new StorageError('away'))
  await doWork(setup.db, exportWork({ ...setup.deps, storage }), id)
  expect(await findExport(setup.db, setup.caller.tenantId, id)).toMatchObject({ status: 'DONE' })
})

test.for([
  ['STORAGE_UNAVAILABLE', () => new StorageError('away')],
  ['STORAGE_FULL', () => new StorageError('full', { cause: Object.assign(new Error(), { code: 'ENOSPC' }) })],
  ['INTERNAL', () => new Error('a bug')],
] as const)(
  'a store that cannot take a file makes the export fail with %s, and nothing stays',
  async ([code, error]) => {
    const id = await startExport(setup.db, setup.caller, { versionId: steps, format: 'EASYR1', pictures: 'NAMED' })
    await doWork(setup.db, exportWork({ ...setup.deps, storage: failing(1_000, error) }), id)
    const row = await findExport(setup.db, setup.caller.tenantId, id)
    expect(row).toMatchObject({ status: 'FAILED', errorCode: code, contentHash: null })
    expect(row?.finishedAt).not.toBeNull()
    expect(await listFiles(setup.db, id)).toEqual([])
    expect(await listKeys(id)).toEqual([])
    expect(await setup.images.spooledFiles()).toEqual([])
  },
)

test('a picture that is gone makes the export fail, and says so', async () => {
  const own = { ...setup, caller: await createCaller(setup.db, 'WRITE') }
  await playPainted(
    own,
    [
      [3, 3],
      [8, 9],
    ],
    { color: 200 },
  )
  const versionId = await buildDataset(setup.db, own.caller, thinkEdit)
  const { rows } = await setup.db.query<{ key: string }>(
    'select object_key as key from image where tenant_id = $1 limit 1',
    [own.caller.tenantId],
  )
  await setup.deps.storage.remove(rows.map(({ key }) => key))
  const row = await makeExport(own, { versionId, format: 'WEBDATASET' })
  expect(row).toMatchObject({ status: 'FAILED', errorCode: 'PICTURE_MISSING' })
})

test('a picture stays as long as an export has it, also when its job is gone', async () => {
  const own = { ...setup, caller: await createCaller(setup.db, 'WRITE') }
  const jobId = await playPainted(
    own,
    [
      [3, 3],
      [8, 9],
    ],
    { color: 210 },
  )
  const versionId = await buildDataset(setup.db, own.caller, thinkEdit)
  const row = await makeExport(own, { versionId, format: 'EASYR1' })
  const { rows: images } = await setup.db.query<{ id: string }>('select id from image where tenant_id = $1', [
    own.caller.tenantId,
  ])
  await setup.db.query('delete from job where id = $1', [jobId])
  const forget = () => Promise.all(images.map(({ id }) => forgetImage(setup.images.deps, id, sql`true`)))
  expect(await forget()).toEqual(['needed', 'needed', 'needed'])
  await setup.db.query('delete from export where id = $1', [row.id])
  expect(await forget()).toEqual(['forgotten', 'forgotten', 'forgotten'])
})

test('files of exports that are gone are swept a day later, those of others are kept', async () => {
  const kept = await makeExport(setup, { versionId: steps, format: 'VERL' })
  const gone = await makeExport(setup, { versionId: steps, format: 'IMAGEFOLDER' })
  await setup.db.query('delete from export where id = $1', [gone.id])
  expect(await listKeys(gone.id)).not.toEqual([])
  await sweepExports(setup.deps)
  expect(await listKeys(gone.id)).not.toEqual([])
  await sweepExports(setup.deps, Date.now() + 25 * 3_600_000)
  expect(await listKeys(gone.id)).toEqual([])
  const files = await listFiles(setup.db, kept.id)
  for (const { objectKey, byteSize } of files)
    expect((await setup.deps.storage.stat(objectKey))?.byteSize).toBe(byteSize)
})

test('files that a canceled export still has, since its canceler died, are swept', async () => {
  const left = await makeExport(setup, { versionId: steps, format: 'IMAGEFOLDER' })
  await setup.db.query(`update export set status = 'CANCELED', content_hash = null where id = $1`, [left.id])
  expect(await listFiles(setup.db, left.id)).not.toEqual([])
  await sweepExports(setup.deps)
  expect(await listFiles(setup.db, left.id)).toEqual([])
  expect(await listKeys(left.id)).toEqual([])
})

test('an export stops where its dataset is deleted, and what it stored is swept', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, thinkEdit)
  const id = await startExport(setup.db, setup.caller, { versionId, format: 'JSONL', shardSize: 1 })
  const { storage } = setup.deps
  const { tenantId } = setup.caller
  const { rows } = await setup.db.query<{ id: string }>('select dataset_id as id from dataset_version where id = $1', [
    versionId,
  ])
  let puts = 0
  const deleting: ObjectStorage = {
    ...storage,
    async put(...args) {
      if (++puts === 3) await deleteDataset(setup.db, { tenantId, datasetId: rows[0]?.id ?? '' })
      return await storage.put(...args)
    },
  }
  await doWork(setup.db, exportWork({ ...setup.deps, storage: deleting }), id)
  expect(puts).toBe(3)
  expect(await findExport(setup.db, tenantId, id)).toBeNull()
  expect(await listFiles(setup.db, id)).toEqual([])
  await sweepExports(setup.deps, Date.now() + 25 * 3_600_000)
  expect(await listKeys(id)).toEqual([])
})

test('a tenant has at most 50 exports waiting; one that is there already is given all the same', async () => {
  const caller = await createCaller(setup.db, 'WRITE')
  const versionId = await buildDataset(setup.db, caller, { kind: 'plain' })
  const wishOf = (shardSize: number) => ({ versionId, format: 'CSV', shardSize }) as const
  const first = await startExport(setup.db, caller, wishOf(1))
  for (let size = 2; size <= 50; size++) await startExport(setup.db, caller, wishOf(size))
  const refused = { code: 'EXPORT_LIMIT', limit: 50 }
  await expect(startExport(setup.db, caller, wishOf(51))).rejects.toMatchObject(refused)
  expect(await startExport(setup.db, caller, wishOf(1))).toBe(first)
  await cancelExport(setup.deps, caller, first)
  await startExport(setup.db, caller, wishOf(51))
})

test("another tenant's version cannot be exported, nor its export be seen or canceled", async () => {
  const stranger = await createCaller(setup.db, 'ADMIN')
  const row = await makeExport(setup, { versionId: steps, format: 'JSONL' })
  await expect(startExport(setup.db, stranger, { versionId: steps, format: 'JSONL' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    field: 'versionId',
  })
  await expect(cancelExport(setup.deps, stranger, row.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await findExport(setup.db, stranger.tenantId, row.id)).toBeNull()
})
