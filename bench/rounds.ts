// What a round costs besides its engines: jobs through the real queue, worker and log with engines that answer at once,
// against the same loop on graphile-worker, in one process and on one database. Both store every picture.
// Run: npx tsx bench/rounds.ts [--jobs 120] [--rounds 3] [--runs 5] [--size 64]

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { v7 } from 'uuid'
import { storePicture } from '../src/images/store-image.ts'
import { startJobs } from '../src/jobs/start-jobs.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { startWorker } from '../workers/worker.ts'
import { makeCpuMeter } from './support/cpu-meter.ts'
import { createPeerTables, runPeer, submitPeerJobs } from './support/graphile-loop.ts'
import { instantEngine, instantFleet, instantJob, makePictures } from './support/instant-engines.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { percentile } from './support/percentile.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '120' },
    rounds: { type: 'string', default: '3' },
    runs: { type: 'string', default: '5' },
    size: { type: 'string', default: '' },
  },
})
const [RUNS, ROUNDS] = [Number(values.runs), Number(values.rounds)]
const CAPACITY = 8

/** A run of one side, a round: CPU in ms, and how many a second. */
type Measured = { node: number; postgres: number; cpu: number; rate: number }

const { deps, url, close } = await openBenchDeps()
const { db, images, log } = deps
const { tenantId } = await loadLocalCaller(db)
const meter = await makeCpuMeter(db)
await createPeerTables(db)

async function measure(rounds: number, work: () => Promise<void>): Promise<Measured> {
  await db.query('checkpoint').catch(() => {}) // what earlier runs left to write is not this one's
  await meter.read()
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1_000
  const use = await meter.read()
  const [node, postgres] = [(use.node * 1_000) / rounds, ((use.postgres ?? Number.NaN) * 1_000) / rounds]
  return { node, postgres, cpu: node + postgres, rate: rounds / seconds }
}

async function runOurs(sourceId: string, jobs: number, paint: () => Buffer): Promise<Measured> {
  const job = instantJob(sourceId, { maxRounds: ROUNDS })
  await registerModels()
  const started = await startJobs(
    db,
    { tenantId },
    Array.from({ length: jobs }, () => job),
  )
  if (started.some(id => typeof id !== 'string')) throw new Error('A job could not be started.')
  let judged = 0
  const worker = startWorker({
    ...{ db, url, images, log, fleet: instantFleet(CAPACITY), host: 'bench', version: '0' },
    engineAt: ({ kinds }) => {
      const { editor, thinker, probe } = instantEngine(kinds, paint)
      const critique: typeof thinker = thinker && {
        ...thinker,
        critique: (request, signal) => {
          judged++
          return thinker.critique(request, signal)
        },
      }
      return { editor, thinker: critique, probe }
    },
  })
  const measured = await measure(jobs * ROUNDS, async () => {
    while (judged < jobs * ROUNDS) await sleep(20)
    while ((await countRunning()) > 0) await sleep(20)
  })
  await worker.stop()
  return measured
}

/** A model may be named once a worker has served it. */
async function registerModels(): Promise<void> {
  const { rows } = await db.query('select from model')
  if (rows.length > 0) return
  const worker = startWorker({ db, url, images, log, fleet: instantFleet(CAPACITY), host: 'bench', version: '0' })
  await worker.ready
  await worker.stop()
}

async function countRunning(): Promise<number> {
  const { rows } = await db.query<{ running: number }>(
    `select count(*) as running from job where tenant_id = $1 and status in ('QUEUED', 'RUNNING')`,
    [tenantId],
  )
  return rows[0]?.running ?? 0
}

async function runGraphile(_sourceId: string, jobs: number, paint: () => Buffer): Promise<Measured> {
  await submitPeerJobs(
    db,
    Array.from({ length: jobs }, () => v7()),
  )
  let ended = 0
  const stages = {
    edit: async () => (await storePicture(images, tenantId, paint())).id,
    think: async () => {},
  }
  const runner = await runPeer(db, { stages, rounds: ROUNDS, concurrency: 2 * CAPACITY, onEnd: () => ended++ })
  const measured = await measure(jobs * ROUNDS, async () => {
    while (ended < jobs) await sleep(20)
  })
  await runner.stop()
  return measured
}

const show = ({ node, postgres, cpu, rate }: Measured) => {
  const [all, ours, theirs] = [cpu, node, postgres].map(ms => ms.toFixed(2).padStart(6))
  return `${all} ms CPU a round (Node ${ours}, Postgres ${theirs})   ${rate.toFixed(0).padStart(4)} rounds/s`
}

function median(runs: readonly Measured[]): Measured {
  const of = (key: keyof Measured) =>
    percentile(
      runs.map(run => run[key]),
      0.5,
    )
  return { node: of('node'), postgres: of('postgres'), cpu: of('cpu'), rate: of('rate') }
}

for (const [size, jobs] of [
  [64, Number(values.jobs)],
  [1_024, Math.ceil(Number(values.jobs) / 4)],
] as const) {
  if (values.size && Number(values.size) !== size) continue
  const paint = await makePictures(size)
  const source = await storePicture(images, tenantId, paint())
  const [ours, theirs]: [Measured[], Measured[]] = [[], []]
  // The first pair of runs warms up.
  for (let run = 0; run <= RUNS; run++) {
    const our = await runOurs(source.id, jobs, paint)
    theirs.push(await runGraphile(source.id, jobs, paint))
    ours.push(our)
    if (run === 0) [ours, theirs].forEach(runs => void runs.splice(0))
  }
  const [our, their] = [median(ours), median(theirs)]
  printTitle(`Rounds with ${size} x ${size} pixels, ${jobs} jobs of ${ROUNDS} rounds, median of ${RUNS} runs`)
  printRow('Pentimento', show(our))
  printRow('graphile-worker', show(their))
  printRow(
    'ratio',
    `${(our.cpu / their.cpu).toFixed(2)} times their CPU, ${(our.rate / their.rate).toFixed(2)} times their speed`,
  )
}
await close()
