// Three worker processes share one fleet file. What counts is what the model servers see, so they count themselves, in a
// process that is never killed.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeApiSubmitter } from './support/api-submitter.ts'
import { makeOpenFolder } from './support/embedded-postgres.ts'
import { type FakeFleet, startFakeFleet } from './support/fake-fleet.ts'
import { noisePng } from './support/pictures.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until } from './support/until.ts'
import { startWorkerProcess, type WorkerProcess } from './support/worker-process.ts'

const WORKERS = 3
const CAPACITY = 2
const JOBS = 60
const ROUNDS = 20

let folder: Awaited<ReturnType<typeof makeOpenFolder>>
let fleet: FakeFleet
let server: TestServer
let workers: WorkerProcess[]

beforeAll(async () => {
  folder = await makeOpenFolder()
  const dataDir = folder.folder
  fleet = await startFakeFleet({
    ...{ editors: 6, thinkers: 3, capacity: CAPACITY, delayMs: [600, 1_500], seed: 7, folder: dataDir },
  })
  server = await startTestServer({ env: { DATA_DIR: dataDir } })
  const { databaseUrl } = server
  const { fleetPath } = fleet
  workers = Array.from({ length: WORKERS }, () => startWorkerProcess({ databaseUrl, dataDir, fleetPath }))
}, 120_000)
afterAll(async () => {
  await Promise.all(workers.map(worker => worker.end('SIGKILL')))
  await server.close()
  await fleet.close()
  await folder.remove()
})

const toAll = ({ editors, thinkers }: Awaited<ReturnType<FakeFleet['count']>>) => [...editors, ...thinkers]

test('three workers on one fleet file never exceed its capacity, also while one is killed', {
  timeout: 180_000,
}, async () => {
  const ids = await Promise.all(workers.map(worker => worker.ready()))
  const api = makeApiSubmitter(() => server.url)
  const sourceId = await api.upload(new Uint8Array(await noisePng()))
  for (let i = 0; i < JOBS; i++) {
    await api.startEdit({ sourceId, instruction: `edit ${i}`, idempotencyKey: `edit ${i}`, maxRounds: ROUNDS })
  }
  const drivers = async () => {
    const { rows } = await server.db.query<{ workerId: string; driven: number }>(
      `select worker_id as "workerId", count(*)::int as driven from endpoint where lease_until > clock_timestamp() group by 1`,
    )
    return rows
  }
  const hasAll = async () => (await drivers()).reduce((sum, row) => sum + row.driven, 0) === 9
  await until(
    'every worker has its share',
    async () => (await drivers()).length === WORKERS && (await hasAll()),
    30_000,
  )

  const [victim] = workers
  const [victimId = ''] = ids
  await until('the victim has calls under way', async () => {
    const { rows } = await server.db.query(`select 1 from task where owner = $1 and state = 'LEASED'`, [victimId])
    return rows.length > 1
  })
  await victim?.end('SIGKILL')
  const isTakenOver = async () => (await hasAll()) && (await drivers()).every(row => row.workerId !== victimId)
  await until('the others drive its endpoints', isTakenOver, 30_000)

  const before = await fleet.count()
  await until(
    'every server is called again',
    async () => {
      const now = await fleet.count()
      return toAll(now).every((server, i) => server.calls > (toAll(before)[i]?.calls ?? 0))
    },
    30_000,
  )
  await fleet.hurry()
  await until(
    'every job finishes',
    async () => (await server.db.query('select 1 from job where finished_at is null')).rows.length === 0,
    60_000,
  )
  const servers = toAll(await fleet.count())
  expect(servers.map(({ maxInFlight }) => maxInFlight)).toEqual(servers.map(() => CAPACITY))
  expect(servers.reduce((sum, { aborted }) => sum + aborted, 0)).toBeGreaterThan(0)
  const { rows } = await server.db.query('select status from job')
  expect(rows).toEqual(Array(JOBS).fill({ status: 'SUCCEEDED' }))
})
