import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { v7 } from 'uuid'
import type { BackgroundWork } from '../../src/background-work.ts'
import { createDataset } from '../../src/datasets/create-dataset.ts'
import { createVersion } from '../../src/datasets/create-version.ts'
import type { Recipe } from '../../src/datasets/recipe.ts'
import { versionBuilds } from '../../src/datasets/version-builds.ts'
import type { Db } from '../../src/db.ts'
import type { ExportDeps } from '../../src/exports/export-deps.ts'
import { type ExportRow, findExport } from '../../src/exports/export-row.ts'
import { exportWork } from '../../src/exports/export-work.ts'
import { type ExportFile, readExportFiles } from '../../src/exports/read-export-files.ts'
import { type ExportWish, startExport } from '../../src/exports/start-export.ts'
import { storePicture } from '../../src/images/store-image.ts'
import type { JobSettings } from '../../src/jobs/job-row.ts'
import { recordEdit } from '../../src/jobs/record-edit.ts'
import { recordVerdict } from '../../src/jobs/record-verdict.ts'
import type { NewJob } from '../../src/jobs/start-jobs.ts'
import { sql } from '../../src/sql.ts'
import type { ObjectStorage } from '../../src/storage/storage.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { type ImageSetup, openImages } from './image-setup.ts'
import { createCaller } from './seed.ts'
import { newJob, seedModels, startJob, takeOne, testThinker, verdict } from './stage-driver.ts'
import { until } from './until.ts'

/** A database and a store with a tenant in them, and what exports work with. */
export type ExportSetup = {
  images: Pick<ImageSetup, 'deps' | 'root' | 'spooledFiles'>
  db: Db
  caller: Caller
  deps: ExportDeps
  close(): Promise<void>
}

export async function openExports(): Promise<ExportSetup> {
  const images = await openImages()
  const { db } = images.deps
  await seedModels(db)
  const caller = await createCaller(db, 'WRITE')
  const deps = exportDeps(images.deps)
  return { images, db, caller, deps, close: images.close }
}

/** What exports work with, impatient. */
export function exportDeps(deps: { db: Db; storage: ObjectStorage; directory: string }): ExportDeps {
  return {
    ...deps,
    links: { secret: 'the secret of the test', publicUrl: 'http://127.0.0.1:4000' },
    patience: { limitMs: 200, firstDelayMs: 10 },
  }
}

/** A picture whose bytes only depend on the colour. */
async function paint(color: string): Promise<Buffer> {
  return await sharp({ create: { width: 32, height: 24, channels: 3, background: color } })
    .png()
    .toBuffer()
}

export type PaintedJob = Partial<NewJob> & { loop?: Partial<JobSettings>; color?: number }

/** A finished job with stored pictures: a round a pair of scores. `color` (0 to 255) makes its pictures its own. */
export async function playPainted(
  { images, db, caller }: { images: Pick<ImageSetup, 'deps'>; db: Db; caller: Caller },
  scores: readonly (readonly [semantic: number, quality: number])[],
  { loop, color = 0, ...job }: PaintedJob = {},
): Promise<string> {
  const { tenantId } = caller
  const source = await storePicture(images.deps, tenantId, await paint(`rgb(${color}, 0, 0)`))
  const settings = { maxRounds: scores.length, ...loop }
  const jobId = await startJob(db, tenantId, newJob(source.id, { ...job, loop: settings }))
  for (const [index, [semantic, quality]] of scores.entries()) {
    const picture = await storePicture(images.deps, tenantId, await paint(`rgb(${color}, ${index + 1}, 0)`))
    await recordEdit(db, await takeOne(db, 'edit'), { imageId: picture.id, editorSeconds: 1.25, endpointId: null })
    const read = {
      ...verdict(semantic, quality, `brighter ${index + 2}`),
      reasoning: `Seen: "${semantic}"\nand <image>`,
    }
    const answer = { verdict: read, tokens: 10, by: testThinker, endpointId: null }
    await recordVerdict(db, await takeOne(db, 'think'), answer)
  }
  return jobId
}

type DatasetOptions = { name?: string; shares?: Record<string, number> }

/** A READY version of all that the tenant has; gives its id. */
export async function buildDataset(
  db: Db,
  caller: Caller,
  recipe: Recipe,
  options: DatasetOptions = {},
): Promise<string> {
  const versionId = await addVersion(db, caller, recipe, options)
  await doWork(db, versionBuilds(db), versionId)
  return versionId
}

/** A READY version of the steps of four jobs with three rounds each, in two splits; gives its id. */
export async function buildSteps(setup: ExportSetup): Promise<string> {
  const scores: [number, number][] = [[3, 3.5], [6, 6], [8, 9]] // biome-ignore format: one job a line
  for (let color = 0; color < 4; color++) await playPainted(setup, scores, { color })
  return await buildDataset(setup.db, setup.caller, thinkEdit, { shares: { train: 0.6, test: 0.4 } })
}

/** Like `buildDataset` where a server runs, which builds it. */
export async function awaitDataset(
  db: Db,
  caller: Caller,
  recipe: Recipe,
  options: DatasetOptions = {},
): Promise<string> {
  const versionId = await addVersion(db, caller, recipe, options)
  await until('the version is built', async () => {
    const { rows } = await db.query(`select from dataset_version where id = $1 and status = 'READY'`, [versionId])
    return rows.length === 1
  })
  return versionId
}

async function addVersion(db: Db, caller: Caller, recipe: Recipe, options: DatasetOptions): Promise<string> {
  const { name = `set-${v7()}`, shares = { train: 1 } } = options
  const { tenantId } = caller
  const datasetId = await createDataset(db, { tenantId, name, description: 'for a test' })
  const splits = { shares, seed: 'a' }
  return await createVersion(db, { tenantId, datasetId, filter: {}, recipe, splits, by: caller.keyName })
}

/** Does a row of background work as its claimer would, with a fresh lease. */
export async function doWork(db: Db, work: BackgroundWork, id: string, signal = new AbortController().signal) {
  const owner = v7()
  const table = work.table === 'export' ? sql`export` : sql`dataset_version`
  await db.query(sql`update ${table} set owner = ${owner}::uuid where id = ${id}::uuid`)
  const lease = { id, owner, signal }
  try {
    await work.run(lease)
  } catch (error) {
    if (signal.aborted) throw error
    const { code = 'INTERNAL', message } = error as Error & { code?: string } // what works throw
    await work.fail(lease, { code, message })
  }
}

/** Starts an export and writes it, or finds the finished one; gives its row. */
export async function makeExport({ db, caller, deps }: ExportSetup, wish: ExportWish): Promise<ExportRow> {
  const id = await startExport(db, caller, wish)
  await doWork(db, exportWork(deps), id)
  const row = await findExport(db, caller.tenantId, id)
  if (!row) throw new Error('The export is gone.')
  return row
}

/** All files of an export by path. */
export async function readExport({ db, deps }: ExportSetup, exportId: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const { path, objectKey } of await listFiles(db, exportId)) {
    files.set(path, await buffer(await deps.storage.get(objectKey)))
  }
  return files
}

/** The rows of an export's files. */
export async function listFiles(db: Db, exportId: string): Promise<ExportFile[]> {
  const files: ExportFile[] = []
  for await (const file of readExportFiles(db, exportId)) files.push(file)
  return files
}

/** Steps as the paper makes them. */
export const thinkEdit: Recipe = {
  kind: 'think-edit',
  judge: null,
  taskKey: 'task',
  includeFinal: true,
  balance: { taskShares: null, scoreShares: null, maxPerCell: null },
  variance: null,
  subset: 'ALL',
}

/** Pairs by scores. */
export const preference: Recipe = {
  kind: 'preference',
  judge: null,
  taskKey: 'task',
  minMargin: 0.5,
  useHuman: false,
  maxPairsPerJob: null,
}

/** Puts an export's files into a folder, as a download does. */
export async function saveExport(files: ReadonlyMap<string, Buffer>, folder: string): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}
