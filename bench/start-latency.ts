// How long a job that was just submitted waits for its first call when nothing else is to do: from just before the commit
// to the engine being called, ours (claim, start and event included) and a task of graphile-worker in turn, in one process.
// Run: npx tsx bench/start-latency.ts [--jobs 300]

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { v7 } from 'uuid'
import type { Db } from '../src/db.ts'
import { storePicture } from '../src/images/store-image.ts'
import { startJobs } from '../src/jobs/start-jobs.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { startWorker } from '../workers/worker.ts'
import { createPeerTables, runPeer, submitPeerJobs } from './support/graphile-loop.ts'
import { instantEngine, instantFleet, instantJob, makePictures } from './support/instant-engines.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { percentile } from './support/percentile.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '300' } } })
const JOBS = Number(values.jobs)
const WARM_UP = 20
const PAUSE_MS = 50

const { deps, url, close } = await openBenchDeps()
const { db, images, log } = deps
const { tenantId } = await loadLocalCaller(db)
const paint = await makePictures(64)
const source = await storePicture(images, tenantId, paint())

let onCall = () => {}
/** Milliseconds from just before the commit in `submit` to the engine's call. */
async function measure(submit: (beforeCommit: () => void) => Promise<unknown>): Promise<number> {
  let committedAt = 0
  const called = new Promise<number>(resolve => {
    onCall = () => resolve(performance.now())
  })
  await submit(() => (committedAt = performance.now()))
  const delay = (await called) - committedAt
  await sleep(PAUSE_MS)
  return delay
}

const worker = startWorker({
  ...{ db, url, images, log, fleet: instantFleet(4), host: 'bench', version: '0' },
  engineAt: ({ kinds }) => {
    const { editor, thinker, probe } = instantEngine(kinds, paint)
    const edit: typeof editor = editor && {
      edit: (request, signal) => {
        onCall()
        return editor.edit(request, signal)
      },
    }
    return { editor: edit, thinker, probe }
  },
})
await worker.ready

await createPeerTables(db)
const stages = {
  edit: async () => {
    onCall()
    return source.id
  },
  think: async () => {},
}
const runner = await runPeer(db, { stages, rounds: 1, concurrency: 4, onEnd: () => {} })

function submitOurs(beforeCommit: () => void): Promise<unknown> {
  const watched: Db = {
    ...db,
    transaction: work =>
      db.transaction(async tx => {
        const result = await work(tx)
        beforeCommit()
        return result
      }),
  }
  return startJobs(watched, { tenantId }, [instantJob(source.id, { maxRounds: 1, critique: false })])
}

function submitTheirs(beforeCommit: () => void): Promise<unknown> {
  beforeCommit()
  return submitPeerJobs(db, [v7()])
}

const [ours, theirs]: [number[], number[]] = [[], []]
for (let i = 0; i < JOBS + WARM_UP; i++) {
  ours.push(await measure(submitOurs))
  theirs.push(await measure(submitTheirs))
}
const show = (delays: readonly number[]) => {
  const counted = delays.slice(WARM_UP)
  const [p50, p99] = [0.5, 0.99].map(share => percentile(counted, share).toFixed(1).padStart(6))
  return `p50 ${p50} ms   p99 ${p99} ms`
}
const ratio = (share: number) => percentile(ours.slice(WARM_UP), share) / percentile(theirs.slice(WARM_UP), share)
printTitle(`Submit to start, idle, ${JOBS} jobs each`)
printRow('Pentimento', show(ours))
printRow('graphile-worker', show(theirs))
printRow('ratio', `p50 ${ratio(0.5).toFixed(2)}, p99 ${ratio(0.99).toFixed(2)} times theirs`)

await runner.stop()
await worker.stop()
await close()
