// The house as an operator runs it apart: Postgres, an API and two workers, each a process of its own that can be killed and
// is started again.

import type { ChildProcess } from 'node:child_process'
import { connectDb, type Db } from '../../src/db.ts'
import { awaitDatabase } from '../../workers/await-database.ts'
import { type ApiSubmitter, makeApiSubmitter } from './api-submitter.ts'
import { kill, makeOpenFolder, readPostmasterPid, spawnPostgres } from './embedded-postgres.ts'
import { type FakeFleet, startFakeFleet } from './fake-fleet.ts'
import { pick, type Random, seededRandom } from './seeded-random.ts'
import { startProcess } from './server-process.ts'
import { silentLog } from './silent-log.ts'
import { until } from './until.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'

/** What can be killed. */
export type Kind = 'worker' | 'api' | 'postgres'

/** One `kill -9`: how many tasks were leased at that moment, of the victim's own where it is a worker. */
export type Kill = { kind: Kind; at: Date; leased: number; workerId: string | null }

/** A worker that takes tasks. */
type LiveWorker = { workerId: string; process: WorkerProcess }

export type ChaosHouse = {
  fleet: FakeFleet
  api: ApiSubmitter
  /** Every row, however long the database is away. */
  ask<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>
  /** Kills one when it hits work in flight, and starts it again. Resolves when it is dead. */
  kill(kind: Kind): Promise<Kill>
  /** Every process is up, and what killed workers left has been claimed again. */
  recovered(): Promise<void>
  /** A worker that has held at least one task for a moment; its tasks. */
  findBusyWorker(): Promise<LiveWorker & { taskIds: string[] }>
  close(): Promise<void>
}

const UP_MS = 180_000
/** Calls at once of each server. Each worker drives an editor and a thinker. */
const CAPACITY = 24

/** Opens all four and fake engines with calls of 1 to 3 s. */
export async function openChaosHouse(seed: number): Promise<ChaosHouse> {
  const random = seededRandom(seed)
  const { folder, remove } = await makeOpenFolder()
  const fleet = await startFakeFleet({
    ...{ editors: 2, thinkers: 2, capacity: CAPACITY, delayMs: [1_000, 3_000], seed, folder },
  })
  const postgres = await startPostgres(folder)
  const { url } = postgres
  const db = connectDb({ url, log: silentLog })
  const ask: ChaosHouse['ask'] = async <Row>(statement: string, values?: readonly unknown[]) =>
    (await awaitDatabase(() => db.query<Row>(statement, values))).rows

  const options = { databaseUrl: url, dataDir: folder, fleetPath: fleet.fleetPath }
  const api = await startApi(options)
  const workers = [startWorker(options), startWorker(options)] as [WorkerSlot, WorkerSlot]
  const dead = new Set<string>()

  async function findBusyWorker(): Promise<LiveWorker & { taskIds: string[] }> {
    const live = await Promise.all(workers.map(slot => slot.live))
    return until(
      'a worker holds tasks',
      async () => {
        const [first, ...others] = await readHeld(ask)
        if (!first) return null
        const held = pick(random, [first, ...others])
        const worker = live.find(each => each.workerId === held.workerId)
        return worker && { ...worker, taskIds: held.taskIds }
      },
      UP_MS,
    )
  }

  async function countLeased(): Promise<number> {
    return until('tasks are leased', async () => (await readHeld(ask)).flatMap(each => each.taskIds).length, UP_MS)
  }

  async function recovered(): Promise<void> {
    await Promise.all([api.isUp(), ...workers.map(slot => slot.live)])
    await until('what the dead held is claimed again', async () => (await countLost(ask, [...dead])) === 0, UP_MS)
  }

  return {
    fleet,
    api: makeApiSubmitter(api.url),
    ask,
    recovered,
    findBusyWorker,
    async kill(kind) {
      if (kind === 'worker') {
        const { workerId, process, taskIds } = await findBusyWorker()
        const at = new Date()
        await process.end('SIGKILL')
        dead.add(workerId)
        await Promise.all(workers.map(slot => slot.replaceIfDead()))
        return { kind, at, leased: taskIds.length, workerId }
      }
      const leased = await countLeased()
      const at = new Date()
      await (kind === 'api' ? api.kill() : postgres.kill(random))
      return { kind, at, leased, workerId: null }
    },
    async close() {
      await Promise.all([...workers.map(slot => slot.end()), api.end()])
      await db.close()
      await postgres.end()
      await fleet.close()
      await remove()
    },
  }
}

type Ask = ChaosHouse['ask']

/** By worker, what it holds: begun a moment ago. Nothing while one more crash would rightly end a task for good. */
async function readHeld(ask: Ask): Promise<{ workerId: string; taskIds: string[] }[]> {
  return ask(
    `select owner as "workerId", array_agg(task.id::text) as "taskIds"
     from task join attempt a on a.task_id = task.id and a.token = task.token
     where state = 'LEASED' and a.started_at < clock_timestamp() - interval '50 milliseconds'
       and not exists (select from task spent where spent.state in ('READY', 'DELAYED', 'LEASED') and spent.crashes = 2)
     group by owner order by owner`,
  )
}

async function countLost(ask: Ask, workerIds: string[]): Promise<number> {
  const [row] = await ask<{ lost: number }>(
    `select count(*) as lost from attempt a join task t on t.id = a.task_id
     where a.worker_id = any($1::uuid[]) and (t.state = 'LEASED' and t.token = a.token
       or a.outcome = 'CRASHED' and t.token = a.token and t.state <> 'DEAD')`,
    [workerIds],
  )
  return row?.lost ?? Number.NaN
}

async function startPostgres(folder: string) {
  const start = async (): Promise<{ child: ChildProcess; url: string }> => {
    const { child, answer } = spawnPostgres(folder)
    const [, url = ''] = /^ready (\S+)/.exec(await answer) ?? []
    if (url === '') throw new Error(`Postgres did not start: ${await answer}`)
    return { child, url }
  }
  let server = await start()
  return {
    url: server.url,
    /** By chance alone, which its supervisor makes good, or with the supervisor. Resolves when it answers again. */
    async kill(random: Random): Promise<void> {
      const db: Db = connectDb({ url: server.url, log: silentLog })
      const isAlone = random() < 0.5
      process.kill(await readPostmasterPid(folder), 'SIGKILL')
      if (!isAlone) {
        await kill(server.child)
        server = await start()
      }
      await awaitDatabase(() => db.query('select 1'))
      await db.close()
    },
    end: () => kill(server.child),
  }
}

type ProcessOptions = { databaseUrl: string; dataDir: string; fleetPath: string }

async function startApi({ databaseUrl, dataDir }: ProcessOptions) {
  const env = { DATABASE_URL: databaseUrl, DATA_DIR: dataDir, PORT: '0', AUTH: 'off', LOG_LEVEL: 'warn' }
  const start = () => startProcess('src/server.ts', env, ['--no-workers'])
  let api = start()
  let url = await api.ready(UP_MS)
  let up: Promise<unknown> = Promise.resolve()
  return {
    url: () => url,
    isUp: () => up,
    async kill(): Promise<void> {
      await api.end('SIGKILL')
      api = start()
      const next = api
      up = next.ready(UP_MS).then(
        ready => {
          url = ready
        },
        error => {
          throw new Error(`${error.message} It said: ${next.stderr()}`)
        },
      )
      up.catch(() => {}) // told by isUp
    },
    end: () => api.end('SIGKILL'),
  }
}

type WorkerSlot = ReturnType<typeof startWorker>

function startWorker(options: ProcessOptions) {
  let process = startWorkerProcess(options)
  const toLive = async (): Promise<LiveWorker> => ({ workerId: await process.ready(), process })
  let live = toLive()
  return {
    get live() {
      return live
    },
    async replaceIfDead(): Promise<void> {
      if (process.child.signalCode === null) return
      process = startWorkerProcess(options)
      live = toLive()
      live.catch(() => {}) // told by whoever awaits it
    },
    async end(): Promise<void> {
      if (process.child.signalCode === null) await process.end('SIGKILL')
    },
  }
}
