// How long the work of a killed worker waits: from kill -9, with calls in flight and slots free elsewhere, to the claim of
// each of its tasks by another, as the attempts tell it. The floor is the lease (9 s): no sooner can anyone know.
// Run: npx tsx bench/recovery.ts [--kills 5]

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { storePicture } from '../src/images/store-image.ts'
import { startJobs } from '../src/jobs/start-jobs.ts'
import { leaseMs } from '../src/queue/task.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { startFakeFleet } from '../test/support/fake-fleet.ts'
import { until } from '../test/support/until.ts'
import { startWorkerProcess } from '../test/support/worker-process.ts'
import { fakeEditorModel, fakeThinkerModel } from '../test/support/worker-setup.ts'
import { instantJob, makePictures } from './support/instant-engines.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { percentile } from './support/percentile.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '5' } } })
const KILLS = Number(values.kills)
const JOBS = 6
const CALL_MS = [1_000, 3_000] as const
/** A worker that is new needs a few heartbeats until the endpoints are shared. */
const SETTLE_MS = 8_000

const { deps, url: databaseUrl, close } = await openBenchDeps()
const { db, images, config } = deps
const { tenantId } = await loadLocalCaller(db)
const folder = config.dataDir
const fleet = await startFakeFleet({ editors: 2, thinkers: 2, capacity: 8, delayMs: CALL_MS, seed: 1, folder })
const options = { databaseUrl, dataDir: folder, fleetPath: fleet.fleetPath }
const start = () => {
  const process = startWorkerProcess(options)
  return process.ready().then(workerId => ({ process, workerId }))
}
let [one, other] = await Promise.all([start(), start()])

const source = await storePicture(images, tenantId, (await makePictures(64))())
const job = { ...instantJob(source.id, { maxRounds: 20 }), editor: fakeEditorModel, thinker: fakeThinkerModel }

/** What a worker holds, its calls under way for a moment. */
async function findHeld(workerId: string): Promise<{ id: string; token: number }[]> {
  const { rows } = await db.query<{ id: string; token: number }>(
    `select task.id, task.token from task join attempt a on a.task_id = task.id and a.token = task.token
     where owner = $1 and state = 'LEASED' and a.started_at < clock_timestamp() - interval '200 milliseconds'`,
    [workerId],
  )
  return rows
}

/** A worker with two calls under way or more; null: neither has. */
async function findBusy() {
  for (const worker of [one, other]) {
    const held = await findHeld(worker.workerId)
    if (held.length >= 2) return { victim: worker, held }
  }
  return null
}

/** Seconds from `killedAt` to each second claim, once all are made. */
async function findSecondClaims(held: readonly { id: string; token: number }[], killedAt: Date): Promise<number[]> {
  return until(
    'the tasks are claimed again',
    async () => {
      const { rows } = await db.query<{ seconds: number }>(
        `select extract(epoch from min(a.started_at) - $3)::float8 as seconds
         from unnest($1::uuid[], $2::int[]) as held(id, token)
         join attempt a on a.task_id = held.id and a.token > held.token
         group by held.id`,
        [held.map(task => task.id), held.map(task => task.token), killedAt],
      )
      return rows.length === held.length ? rows.map(row => row.seconds) : null
    },
    120_000,
  )
}

const seconds: number[] = []
for (let kill = 0; kill < KILLS; kill++) {
  await sleep(SETTLE_MS)
  await startJobs(
    db,
    { tenantId },
    Array.from({ length: JOBS }, () => job),
  )
  // Few calls and many slots: either worker may hold them all.
  const { victim, held } = await until('calls are in flight', findBusy, 60_000)
  const killedAt = new Date()
  await victim.process.end('SIGKILL')
  seconds.push(...(await findSecondClaims(held, killedAt)))
  if (victim === one) one = await start()
  else other = await start()
}

const share = (value: number) => percentile(seconds, value).toFixed(1)
printTitle(`A worker killed with ${seconds.length} calls in flight over ${KILLS} kills, to their next claim`)
printRow('Pentimento', `median ${share(0.5)} s   longest ${share(1)} s`)
printRow('ratio', `${((percentile(seconds, 1) * 1_000) / leaseMs).toFixed(2)} times the lease at most`)

await Promise.all([one, other].map(({ process }) => process.end('SIGKILL')))
await fleet.close()
await close()
