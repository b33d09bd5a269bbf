// What a house stands on goes away for a while: the store for 30 s, Postgres in the middle of a completion, every model
// server in the middle of an answer. Every job must end as if nothing had happened.

import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { connectDb } from '../src/db.ts'
import { storePicture } from '../src/images/store-image.ts'
import { applyMigrations } from '../src/migrate.ts'
import { minioStorage } from '../src/storage/minio-storage.ts'
import { awaitDatabase } from '../workers/await-database.ts'
import { kill, makeOpenFolder, readPostmasterPid, spawnPostgres, untilNoPostgres } from './support/embedded-postgres.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { startFreezingProxy } from './support/freezing-proxy.ts'
import { expectAllDoneOnce } from './support/job-ends.ts'
import { noisePng } from './support/pictures.ts'
import { silentLog } from './support/silent-log.ts'
import { s3Config } from './support/storage-drivers.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const JOBS = 6
const ROUNDS = 3
const s3Endpoint = inject('s3Endpoint')

let editors: FakeEditor[]
let thinkers: FakeThinker[]
beforeEach(async () => {
  editors = await Promise.all([1, 2].map(() => startFakeEditor({ behavior: { does: 'answer', delayMs: 100 } })))
  thinkers = await Promise.all([1, 2].map(() => startFakeThinker({ behavior: { does: 'answer', delayMs: 50 } })))
})
afterEach(async () => {
  await Promise.all([...editors, ...thinkers].map(server => server.close()))
})

const fleet = () =>
  fakeFleet({ editors: editors.map(({ url }) => url), thinkers: thinkers.map(({ url }) => url) }, { capacity: 2 })

async function submitAll(setup: WorkerSetup, tenantId: string, sourceId?: string): Promise<string[]> {
  const job = { loop: { maxRounds: ROUNDS }, ...(sourceId !== undefined && { sourceId }) }
  return Promise.all(Array.from({ length: JOBS }, () => setup.submit(tenantId, job)))
}

test('every model server hangs up in the middle of its answer, again and again', { timeout: 90_000 }, async () => {
  const setup = await openWorkers()
  try {
    const tenantId = await setup.createTenant()
    const servers = [...editors, ...thinkers].map(server => ({ server, before: server.calls }))
    for (const { server } of servers) {
      server.behaveNext({ does: 'breakOff' }, { does: 'answer' }, { does: 'breakOff' }, { does: 'breakOff' })
    }
    await setup.start(fleet())
    const jobs = await submitAll(setup, tenantId)
    for (const jobId of jobs) await setup.finished(jobId, 60_000)
    await expectAllDoneOnce(setup.images.db, tenantId, { jobs: JOBS, rounds: ROUNDS })
    const { rows } = await setup.images.db.query(`select 1 from attempt where error_code = 'ENGINE_UNREACHABLE'`)
    // A server that is called less than four times has not broken off as often.
    const brokenOff = servers.map(({ server, before }) => [0, 1, 1, 2][server.calls - before] ?? 3)
    expect(rows.length).toBe(brokenOff.reduce((sum, count) => sum + count))
    expect(rows.length).toBeGreaterThanOrEqual(6)
  } finally {
    await setup.close()
  }
})

describe('Postgres is killed', { timeout: 180_000 }, () => {
  let setup: WorkerSetup
  let folder: Awaited<ReturnType<typeof makeOpenFolder>>
  let postgres: ChildProcess
  beforeEach(async () => {
    folder = await makeOpenFolder()
    const { child, answer } = spawnPostgres(folder.folder)
    postgres = child
    const [, url = ''] = /^ready (\S+)/.exec(await answer) ?? []
    await applyMigrations(url, { log: silentLog })
    setup = await openWorkers(async () => {
      const db = connectDb({ url, log: silentLog })
      return { url, db, drop: () => db.close() }
    })
  }, 120_000)
  afterEach(async () => {
    await setup.close()
    await kill(postgres)
    await untilNoPostgres(folder.folder)
    await folder.remove()
  }, 60_000)

  test.each([
    ['while a completion writes its round', 'create trigger hold after update on round', 'EDITED'],
    [
      'while a completion commits',
      'create constraint trigger hold after update on round deferrable initially deferred',
      'CRITIQUED',
    ],
  ])('%s', async (_, trigger, status) => {
    const { db } = setup.images
    const tenantId = await setup.createTenant()
    // Once it was started again nothing is held up any more.
    const { rows: started } = await db.query<{ at: string }>('select pg_postmaster_start_time()::text as at')
    await db.query(`
      create function hold() returns trigger language plpgsql as $$ begin
        if pg_postmaster_start_time() = '${started[0]?.at}' then perform pg_sleep(60); end if;
        return null;
      end $$;
      ${trigger} for each row when (new.status = '${status}' and new.index = 2) execute function hold()`)
    await setup.start(fleet())
    const jobs = await submitAll(setup, tenantId)
    await until('completions are under way', async () => {
      const { rows } = await db.query(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)
      return rows.length >= 2
    })
    process.kill(await readPostmasterPid(folder.folder), 'SIGKILL')
    await awaitDatabase(async () => {
      for (const jobId of jobs) await setup.finished(jobId, 60_000)
    })
    await expectAllDoneOnce(db, tenantId, { jobs: JOBS, rounds: ROUNDS })
  })
})

describe.runIf(s3Endpoint)('the store', { timeout: 180_000 }, () => {
  test('is away for 30 s: what runs waits for it, and no failure is counted', async () => {
    const setup = await openWorkers()
    const proxy = await startFreezingProxy(s3Endpoint ?? '')
    try {
      const storage = minioStorage({ ...s3Config(proxy.origin), timeoutMs: 3_000 })
      await until(
        'the bucket is there',
        () =>
          storage.check().then(
            () => true,
            () => false,
          ),
        60_000,
      )
      const images = { ...setup.images, storage }
      const tenantId = await setup.createTenant()
      const { id: sourceId } = await storePicture(images, tenantId, await noisePng(24, 16))
      await setup.start(fleet(), { images })
      const jobs = await submitAll(setup, tenantId, sourceId)
      await until('rounds are made', () => editors.some(({ calls }) => calls > 1))
      proxy.freeze()
      await sleep(30_000)
      proxy.cut()
      proxy.thaw()
      for (const jobId of jobs) await setup.finished(jobId, 90_000)
      await expectAllDoneOnce(setup.images.db, tenantId, { jobs: JOBS, rounds: ROUNDS })
      const { rows } = await setup.images.db.query(`select failures, error_code from task where failures > 0`)
      expect(rows).toEqual([])
    } finally {
      await setup.close()
      await proxy.close()
    }
  })
})
