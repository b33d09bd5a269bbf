// From the commit of an event to its subscribers: shared execution against one execution a subscriber, and against bare
// sockets that get a ready text, in one process and on one database. The subscribers live in a second process.
// Run: npx tsx bench/fan-out.ts [--rounds 7] [--only WORDS] [--skip-one-by-one]

import { fork } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Plugin } from 'graphql-yoga'
import { encodeGlobalId } from '../schema/global-id.ts'
import { makeLive } from '../schema/http/live.ts'
import { appendEventsOfJobs } from '../src/events/append-event.ts'
import { sql } from '../src/sql.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { seedJob, seedRound } from '../test/support/seed-job.ts'
import { serveGraphql } from '../test/support/serve-graphql.ts'
import { serveBareSockets } from './support/bare-sockets.ts'
import type { WatchOrder, WatchReport } from './support/fan-out-watchers.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { percentile } from './support/percentile.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    'skip-one-by-one': { type: 'boolean', default: false },
  },
})
const ROUNDS = Number(values.rounds)
const WARM_UPS = 2

const EVENT = 'subscription ($job: ID!, $after: Int) { jobEvents(jobId: $job, after: $after) { __typename seq at } }'
const ROUND = `subscription ($job: ID!, $after: Int) { jobEvents(jobId: $job, after: $after) {
  __typename seq at job { id status lastEventSeq }
  ... on RoundEdited { round { id index prompt seed image { id width height url } } } } }`

type Scene = { name: string; query: string; watchers: number; jobs: number; gapMs?: number }

const SCENES: Scene[] = [
  { name: '2,000 watchers of one job, the event alone', query: EVENT, watchers: 2_000, jobs: 1 },
  { name: '1,000 watchers of one job', query: ROUND, watchers: 1_000, jobs: 1 },
  { name: '2,000 watchers of one job', query: ROUND, watchers: 2_000, jobs: 1 },
  { name: '5,000 watchers over 50 jobs, at one commit', query: ROUND, watchers: 5_000, jobs: 50 },
  { name: '2,000 watchers over 200 jobs, 50 commits a second', query: ROUND, watchers: 2_000, jobs: 200, gapMs: 20 },
]

const { deps, close } = await openBenchDeps()
const { db } = deps
const { tenantId } = await loadLocalCaller(db)
const watchers = fork(new URL('support/fan-out-watchers.ts', import.meta.url), { execArgv: ['--import', 'tsx'] })
const now = () => Number(process.hrtime.bigint()) / 1e6

const live = makeLive(deps)
let naiveExecutions = 0
const countResults: Plugin = {
  onSubscribe: () => ({ onSubscribeResult: () => ({ onNext: () => void naiveExecutions++ }) }),
}
type Server = {
  webSocketUrl: string
  countExecutions(): number
  broadcast?(jobs: readonly string[]): void
  close(): Promise<void>
}
const shared: Server = { ...(await serveGraphql(deps, live)), countExecutions: live.countExecutions }
const naive: Server = { ...(await serveGraphql(deps, null, [countResults])), countExecutions: () => naiveExecutions }
const bare: Server = { ...(await serveBareSockets()), countExecutions: () => 0 }

function ask(order: WatchOrder): Promise<WatchReport> {
  watchers.send(order)
  return report()
}

function report(): Promise<WatchReport> {
  return new Promise(resolve => watchers.once('message', message => resolve(message as WatchReport))) // of our own script
}

type Job = { jobId: string; roundId: string }

async function makeJobs(count: number): Promise<Job[]> {
  const jobs: Job[] = []
  for (let i = 0; i < count; i++) {
    const { jobId } = await seedJob(db, tenantId)
    jobs.push({ jobId, roundId: await seedRound(db, jobId, 1) })
  }
  return jobs
}

/** Appends one event to each job in one transaction; the moment at which its commit was sent. */
function commitEvents(jobs: readonly Job[]): Promise<number> {
  return db.transaction(async tx => {
    const ids = jobs.map(({ jobId }) => jobId)
    await tx.query(sql`select from job where id = any(${ids}::uuid[]) order by id for no key update`)
    await appendEventsOfJobs(
      tx,
      jobs.map(({ jobId, roundId }) => ({ jobId, events: [{ type: 'ROUND_EDITED', roundId }] })),
    )
    return now()
  })
}

/** `cpu`: of the server's process, in microseconds a delivery. */
type Measured = { p50: number; p99: number; cpu: number; executions: number }

async function measure(server: Server, scene: Scene, rounds: number): Promise<Measured> {
  const jobs = await makeJobs(scene.jobs)
  const ids = jobs.map(({ jobId }) => encodeGlobalId('Job', jobId))
  await ask({
    order: 'connect',
    url: server.webSocketUrl,
    query: scene.query,
    jobs: ids,
    after: 0,
    count: scene.watchers,
  })
  const results: Measured[] = []
  for (let round = -WARM_UPS; round < rounds; round++) {
    await ask({ order: 'expect' })
    await sleep(100)
    const before = server.countExecutions()
    const cpuBefore = process.cpuUsage()
    const arrived = report()
    const sentAt: number[] = []
    for (let first = 0; first < jobs.length; first += scene.gapMs ? 1 : jobs.length) {
      const some = scene.gapMs ? jobs.slice(first, first + 1) : jobs
      const at = await commitEvents(some)
      server.broadcast?.(scene.gapMs ? ids.slice(first, first + 1) : ids)
      sentAt.push(...some.map(() => at))
      if (scene.gapMs) await sleep(scene.gapMs)
    }
    const answer = await arrived
    if (answer.report !== 'arrived') throw new Error(`Unexpected report: ${answer.report}`)
    const delays = answer.arrivals.map((at, i) => at - (sentAt[i % jobs.length] ?? Number.NaN))
    const { user, system } = process.cpuUsage(cpuBefore)
    const executions = server.countExecutions() - before
    if (round >= 0) {
      results.push({
        p50: percentile(delays, 0.5),
        p99: percentile(delays, 0.99),
        cpu: (user + system) / scene.watchers,
        executions,
      })
    }
  }
  await ask({ order: 'disconnect' })
  while (deps.feed.countFollowers().ofJobs > 0) await sleep(50)
  const median = (key: keyof Measured) =>
    percentile(
      results.map(result => result[key]),
      0.5,
    )
  return { p50: median('p50'), p99: median('p99'), cpu: median('cpu'), executions: median('executions') }
}

const show = ({ p50, p99, cpu, executions }: Measured) => {
  const [early, late] = [p50, p99].map(ms => ms.toFixed(1).padStart(8))
  return `p50 ${early} ms   p99 ${late} ms   CPU ${cpu.toFixed(0).padStart(5)} us each   ${String(executions).padStart(5)} executions`
}
const times = (a: number, b: number) => (a / b).toFixed(1)
const load = () => loadavg()[0]?.toFixed(1)

await report() // the watchers' process has started
console.log(
  `Commit to subscriber over WebSocket, median of ${ROUNDS} rounds. ${cpus().length} CPUs, Node ${process.version}.`,
)
for (const scene of SCENES.filter(({ name }) => name.includes(values.only))) {
  console.log(`\n${scene.name} (load average ${load()})`)
  const floor = await measure(bare, scene, ROUNDS)
  console.log(`  bare sockets   ${show(floor)}`)
  const ours = await measure(shared, scene, ROUNDS)
  console.log(`  shared         ${show(ours)}`)
  console.log(`  ratio          p99 ${times(ours.p99, floor.p99)} times that of bare sockets`)
  if (values['skip-one-by-one']) continue
  const theirs = await measure(naive, scene, Math.min(ROUNDS, 3))
  console.log(`  one by one     ${show(theirs)}`)
  console.log(`  ratio          p99 ${times(theirs.p99, ours.p99)} times that of shared`)
}

watchers.kill()
for (const server of [shared, naive, bare]) await server.close()
await close()
