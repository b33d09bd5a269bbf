import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type BackgroundWork, startBackgroundWork } from '../src/background-work.ts'
import { createVersion } from '../src/datasets/create-version.ts'
import { versionBuilds } from '../src/datasets/version-builds.ts'
import { cancelExport } from '../src/exports/cancel-export.ts'
import { findExport } from '../src/exports/export-row.ts'
import { exportWork } from '../src/exports/export-work.ts'
import { startExport } from '../src/exports/start-export.ts'
import {
  buildSteps,
  type ExportSetup,
  listFiles,
  makeExport,
  openExports,
  readExport,
  thinkEdit,
} from './support/export-setup.ts'
import { silentLog } from './support/silent-log.ts'
import { until } from './support/until.ts'

let setup: ExportSetup
let steps: string
const running: ReturnType<typeof startBackgroundWork>[] = []
let wake = () => {}

beforeAll(async () => {
  setup = await openExports()
  steps = await buildSteps(setup)
  // A sequence counts what is rolled back too.
  await setup.db.query(`
    create sequence blow;
    create function strike() returns trigger language plpgsql as $$
    declare
      place bigint := nextval('blow');
    begin
      if place between tg_argv[0]::bigint and tg_argv[1]::bigint then
        if tg_argv[2] <> 'terminate' then raise exception 'struck' using errcode = tg_argv[2]; end if;
        perform pg_terminate_backend(pg_backend_pid());
        perform pg_sleep(10);
      end if;
      return new;
    end $$`)
})
afterEach(async () => {
  await Promise.all(running.splice(0).map(each => each.stop()))
  await setup.db.query(
    'drop trigger if exists strikes on dataset_sample; drop trigger if exists strikes on export_file',
  )
})
afterAll(() => setup.close())

type Table = 'dataset_sample' | 'export_file'
type Fault = { from: number; to?: number; how: string }

/** The samples or files of samples `from` to `to` that are inserted from now on end their statement so: a SQLSTATE or 'terminate'. */
async function strike(table: Table, { from, to = from, how }: Fault): Promise<void> {
  await setup.db.query(`
    select setval('blow', 1, false);
    create trigger strikes before insert on ${table} for each row
      when (${table === 'export_file' ? 'new.samples > 0' : 'true'}) execute function strike(${from}, ${to}, '${how}')`)
}

function start(work: BackgroundWork): void {
  const feed = {
    onWork(listener: (table: string | null) => void) {
      wake = () => listener(null)
      return () => {}
    },
  }
  running.push(startBackgroundWork({ db: setup.db, feed, log: silentLog, works: [work] }))
}

/** Whether the row waits for its next take. */
async function isPaused({ table }: BackgroundWork, id: string): Promise<boolean> {
  const { rows } = await setup.db.query(
    `select from ${table} where id = $1 and owner is null and lease_until > clock_timestamp()`,
    [id],
  )
  return rows.length === 1
}

async function endPause({ table }: BackgroundWork, id: string): Promise<void> {
  await setup.db.query(`update ${table} set lease_until = null where id = $1 and owner is null`, [id])
  wake()
}

async function rowOf({ table }: BackgroundWork, id: string) {
  const { rows } = await setup.db.query(`select *, status::text as status from ${table} where id = $1`, [id])
  return rows[0]
}

/** Another version that says the same as `steps`. */
async function addVersion(): Promise<string> {
  const { rows } = await setup.db.query<{ id: string }>('select dataset_id as id from dataset_version where id = $1', [
    steps,
  ])
  const { tenantId, keyName: by } = setup.caller
  const splits = { shares: { train: 0.6, test: 0.4 }, seed: 'a' }
  return await createVersion(setup.db, {
    ...{ tenantId, datasetId: rows[0]?.id ?? '', filter: {}, recipe: thinkEdit, splits, by },
  })
}

test.for([
  ['a backend that is terminated', 'terminate'],
  ['a deadlock', '40P01'],
  ['a full disk', '53100'],
  ['a statement that took too long', '57014'],
] as const)('%s in the middle of a build is waited out, and the version is the same', async ([, how]) => {
  const builds = versionBuilds(setup.db)
  const id = await addVersion()
  await strike('dataset_sample', { from: 5, how })
  start(builds)
  await until('it waits', () => isPaused(builds, id))
  await endPause(builds, id)
  await until('it is built', async () => (await rowOf(builds, id))?.status === 'READY')
  const { content_hash, samples } = (await rowOf(builds, steps)) ?? {}
  expect(await rowOf(builds, id)).toMatchObject({ content_hash, samples, takes: 2 })
})

test('an export goes on behind its last file when its backend is terminated; files reset the count', async () => {
  const wish = { versionId: steps, format: 'JSONL', shardSize: 2 } as const
  const calm = await makeExport(setup, wish)
  const files = await readExport(setup, calm.id)
  const shards = (await listFiles(setup.db, calm.id)).filter(({ samples }) => samples > 0).length
  expect(shards).toBeGreaterThan(3)
  await setup.db.query('delete from export')
  const exports = exportWork(setup.deps)
  const id = await startExport(setup.db, setup.caller, wish)
  await setup.db.query('update export set takes = 4 where id = $1', [id]) // this is its last
  await strike('export_file', { from: 3, how: 'terminate' })
  start(exports)
  await until('it waits', () => isPaused(exports, id))
  expect(await rowOf(exports, id)).toMatchObject({ status: 'RUNNING', takes: 0 })
  await endPause(exports, id)
  await until('it is written', async () => (await rowOf(exports, id))?.status === 'DONE')
  expect(await findExport(setup.db, setup.caller.tenantId, id)).toMatchObject({ contentHash: calm.contentHash })
  expect(await readExport(setup, id)).toEqual(files)
  const { rows } = await setup.db.query('select last_value as inserts from blow')
  expect(rows).toEqual([{ inserts: shards + 1 }])
})

test.for([
  ['terminate', 'NO_PROGRESS'],
  ['53100', 'DATABASE_FULL'],
])('a fault that does not pass (%s) fails the export after five takes with %s', async ([how = '', code]) => {
  const exports = exportWork(setup.deps)
  const id = await startExport(setup.db, setup.caller, { versionId: steps, format: 'CSV' })
  await strike('export_file', { from: 1, to: 1_000, how })
  start(exports)
  for (let take = 1; take < 5; take++) {
    await until('it waits', () => isPaused(exports, id))
    expect(await rowOf(exports, id)).toMatchObject({ takes: take })
    await endPause(exports, id)
  }
  await until('it failed', async () => (await rowOf(exports, id))?.status === 'FAILED')
  expect(await rowOf(exports, id)).toMatchObject({ takes: 5, error_code: code })
})

test('work that ends its process each time is given up after five', async () => {
  const id = await addVersion()
  let begun = 0
  const deadly: BackgroundWork = {
    ...versionBuilds(setup.db),
    async run({ signal }) {
      begun++
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      signal.throwIfAborted()
    },
  }
  for (let take = 1; take <= 5; take++) {
    start(deadly)
    await until('it is begun', () => begun === take)
    await setup.db.query('update dataset_version set lease_until = now() where id = $1', [id])
  }
  start(deadly)
  await until('it failed', async () => (await rowOf(deadly, id))?.status === 'FAILED')
  expect(begun).toBe(5)
  expect(await rowOf(deadly, id)).toMatchObject({
    ...{ error_code: 'NO_PROGRESS', error_message: expect.stringContaining('5 times'), owner: null },
  })
})

test('an export that waits for the database is canceled at once', async () => {
  const exports = exportWork(setup.deps)
  const id = await startExport(setup.db, setup.caller, { versionId: steps, format: 'JSONL', shardSize: 3 })
  await strike('export_file', { from: 2, how: '53100' })
  start(exports)
  await until('it waits', () => isPaused(exports, id))
  await cancelExport(setup.deps, setup.caller, id)
  expect(await rowOf(exports, id)).toMatchObject({ status: 'CANCELED', lease_until: null })
  expect(await listFiles(setup.db, id)).toEqual([])
})
