import { createHash, randomBytes } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pg from 'pg'
import { to } from 'pg-copy-streams'
import sharp from 'sharp'
import { v7 } from 'uuid'
import type { BackgroundWork } from '../../src/background-work.ts'
import { createDataset } from '../../src/datasets/create-dataset.ts'
import { createVersion } from '../../src/datasets/create-version.ts'
import { versionBuilds } from '../../src/datasets/version-builds.ts'
import type { Deps } from '../../src/deps.ts'
import { exportWork } from '../../src/exports/export-work.ts'
import { exportPatience } from '../../src/exports/outlast-storage.ts'
import { type ExportWish, startExport } from '../../src/exports/start-export.ts'
import { sql } from '../../src/sql.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import type { TrajectoryFilter } from '../../src/trajectories/trajectory-filter.ts'
import { printRow, printTitle } from './report.ts'

type Filled = { filter: TrajectoryFilter; members: number }

const SIDE_PX = 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void // with the flag it is there

const toMegabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

/** Of a database that fillTrajectories filled. `pictures`: how many a WebDataset export is to hold. */
export async function benchExports(
  { deps, url }: { deps: Deps; url: string },
  caller: Caller,
  { pictures }: { pictures: number },
): Promise<void> {
  const { rows } = await deps.db.query<{ count: number }>('select count(*) as count from trajectory')
  const trajectories = rows[0]?.count ?? 0
  const filled = await storeSomePictures(deps, caller, pictures) // before anything is read: a picture never changes
  printTitle(`exports of ${trajectories} trajectories`)
  const versionId = await build(deps, caller, {})
  await timeExport(deps, caller, { versionId, format: 'JSONL', pictures: 'NAMED' }) // the first one warms up
  const made = await timeExport(deps, caller, { versionId, format: 'JSONL', pictures: 'NAMED', shardSize: 50_000 })
  const perSecond = trajectories / made.seconds
  printRow(
    'JSONL',
    `${Math.round(perSecond)} trajectories/s, ${toMegabytes(made.bytes)} MB in ${made.seconds.toFixed(1)} s`,
  )
  printRow('memory growth', `${toMegabytes(made.growth)} MB`)
  const copied = await timeCopy(url, versionId)
  const copies = trajectories / copied.seconds
  printRow(
    'plain COPY',
    `${Math.round(copies)} trajectories/s, ${toMegabytes(copied.bytes)} MB; JSONL is ${(perSecond / copies).toFixed(2)} times as fast`,
  )

  const few = await build(deps, caller, filled.filter)
  const shards = await timeExport(deps, caller, { versionId: few, format: 'WEBDATASET' })
  printRow(
    'WebDataset',
    `${Math.round(filled.members / shards.seconds)} pictures/s, ${toMegabytes(shards.bytes)} MB in ${shards.seconds.toFixed(1)} s, memory growth ${toMegabytes(shards.growth)} MB`,
  )
}

async function build({ db }: Deps, caller: Caller, filter: TrajectoryFilter): Promise<string> {
  const { tenantId } = caller
  const datasetId = await createDataset(db, { tenantId, name: `bench-${v7()}`, description: null })
  const splits = { shares: { train: 1 }, seed: '' }
  const id = await createVersion(db, { tenantId, datasetId, filter, recipe: { kind: 'plain' }, splits, by: 'bench' })
  await doWork(db, versionBuilds(db), id)
  return id
}

async function timeExport(deps: Deps, caller: Caller, wish: ExportWish) {
  const { db, storage, images } = deps
  const id = await startExport(db, caller, wish)
  const work = exportWork({ db, storage, directory: images.directory, links: images.links, patience: exportPatience })
  collectGarbage()
  const before = process.memoryUsage().rss
  let highest = before
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss)
  }, 20)
  const startedAt = performance.now()
  await doWork(db, work, id)
  const seconds = (performance.now() - startedAt) / 1_000
  clearInterval(watch)
  const { rows } = await db.query<{ status: string; bytes: number; message: string }>(sql`
    select status::text as status, bytes, error_message as message from export where id = ${id}::uuid`)
  if (rows[0]?.status !== 'DONE') throw new Error(`The export is ${rows[0]?.status}: ${rows[0]?.message}`)
  return { seconds, bytes: rows[0].bytes, growth: highest - before }
}

/** The rows behind the same lines, joined and in the same order, as PostgreSQL itself gives them. */
async function timeCopy(url: string, versionId: string): Promise<{ seconds: number; bytes: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let bytes = 0
  const count = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done()
    },
  })
  const startedAt = performance.now()
  await pipeline(
    client.query(
      to(`copy (
        select j.*, r.*, c.* from dataset_sample s join job j on j.id = s.job_id
        join round r on r.job_id = j.id left join critique c on c.round_id = r.id
        where s.version_id = '${versionId}' order by s.position, r.index, r.candidate) to stdout`),
    ),
    count,
  )
  await client.end()
  return { seconds: (performance.now() - startedAt) / 1_000, bytes }
}

/** Gives real bytes to all pictures of the oldest trajectories, about so many; gives which these are. */
async function storeSomePictures({ db, storage }: Deps, caller: Caller, count: number): Promise<Filled> {
  const { rows } = await db.query<{ before: Date; members: number }>(sql`
    select max(created_at) as before, sum(pictures)::int as members from (
      select created_at, pictures, sum(pictures) over (order by created_at) as so_far from job
      cross join lateral (
        select count(distinct id) as pictures from (
          select job.source_id as id where job.source_id is not null
          union all select round.image_id from round where round.job_id = job.id) as picture) as counted
      where job.tenant_id = ${caller.tenantId}::uuid) as job
    where so_far <= ${count}::int`)
  const { before = new Date(), members = 0 } = rows[0] ?? {}
  const { rows: images } = await db.query<{ id: string }>(sql`
    select distinct image.id from job join round on round.job_id = job.id
    join image on image.id in (job.source_id, round.image_id)
    where job.tenant_id = ${caller.tenantId}::uuid and job.created_at <= ${before}::timestamptz`)
  const noise = randomBytes(SIDE_PX * SIDE_PX * 3)
  for (const [index, { id }] of images.entries()) {
    noise.fill(index & 255, 0, 60_000).fill(index >> 8, 60_000, 120_000)
    const raw = { width: SIDE_PX, height: SIDE_PX, channels: 3 } as const
    const bytes = await sharp(noise, { raw }).blur(2).jpeg({ quality: 95 }).toBuffer()
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const key = `${caller.tenantId}/${sha256.slice(0, 2)}/${sha256}.jpg`
    await storage.put(key, Readable.from([bytes]), { contentType: 'image/jpeg', byteSize: bytes.length })
    await db.query(sql`
      update image set object_key = ${key}, sha256 = ${sha256}, content_type = 'image/jpeg',
        byte_size = ${bytes.length}::bigint where id = ${id}::uuid`)
  }
  return { filter: { createdBefore: new Date(before.getTime() + 1).toISOString() }, members }
}

/** As the loop of background-work.ts would. */
async function doWork(db: Deps['db'], work: BackgroundWork, id: string): Promise<void> {
  const owner = v7()
  const table = work.table === 'export' ? sql`export` : sql`dataset_version`
  await db.query(sql`update ${table} set owner = ${owner}::uuid where id = ${id}::uuid`)
  await work.run({ id, owner, signal: new AbortController().signal })
}
