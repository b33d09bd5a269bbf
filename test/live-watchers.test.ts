// Watchers as clients are: they lose their connections, change the transport, and their server is killed under them. Each
// must end up with exactly what the table holds.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { recordVerdict } from '../src/jobs/record-verdict.ts'
import { startStage } from '../src/jobs/start-stage.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type Watched, watchEvents } from './support/event-watcher.ts'
import { openTransaction } from './support/open-transaction.ts'
import { seedJob } from './support/seed-job.ts'
import { type ServerProcess, startProcess } from './support/server-process.ts'
import { claim, newJob, seedImage, seedModels, startJob, testThinker, verdict } from './support/stage-driver.ts'
import { until, within } from './support/until.ts'
import { writeEvents, writeEventsIn } from './support/write-events.ts'

const JOBS = 20
const ROUNDS = 4
const STAGES = JOBS * ROUNDS * 2
const WATCHERS_A_JOB = 9
const TENANT_WATCHERS = 20
const SWITCHING = 50
const LIMIT_MS = 180_000

const EVENT = `__typename seq job { id } ... on RoundStarted { round { id index } } ... on RoundEdited { round { id index } }
  ... on RoundCritiqued { round { id index } critique { id } }`
const OF_JOB = `subscription ($job: ID!, $after: Int) { jobEvents(jobId: $job, after: $after) { ${EVENT} } }`
const OF_TENANT = `subscription ($after: String) { events(after: $after) { cursor event { ${EVENT} } } }`

type Event = {
  __typename: string
  seq: number
  job: { id: string }
  round?: { id: string; index: number }
  critique?: { id: string }
}

let database: TestDatabase
let processes: [ServerProcess, ServerProcess]
let servers: string[]

beforeAll(async () => {
  database = await createTestDatabase()
  const env = { DATABASE_URL: database.url, PORT: '0', AUTH: 'off', LOG_LEVEL: 'error' }
  const start = () => startProcess('src/server.ts', env, ['--no-workers'])
  processes = [start(), start()]
  servers = await Promise.all(processes.map(each => each.ready(90_000)))
}, 100_000)
afterAll(async () => {
  await Promise.all(processes.map(each => each.end('SIGKILL')))
  await database.drop()
})

const eventOf = (data: Record<string, unknown>) => data.jobEvents as Event // as OF_JOB asks
const placedOf = (data: Record<string, unknown>) => data.events as { cursor: string; event: Event } // as OF_TENANT asks

test(
  '200 watchers who are cut, switch transport and lose their server see what the table holds',
  async () => {
    const { db } = database
    const { tenantId } = await loadLocalCaller(db)
    const imageId = await seedImage(db, tenantId)
    await seedModels(db)
    const settings = { loop: { maxRounds: ROUNDS } }
    const jobIds: string[] = []
    for (let i = 0; i < JOBS; i++) jobIds.push(await startJob(db, tenantId, newJob(imageId, settings)))
    const noise = await Promise.all([1, 2, 3].map(async () => (await seedJob(db, tenantId)).jobId))
    const [lastNoise = ''] = noise

    let picks = 0
    const pickServer = () => servers[picks++ % servers.length] ?? ''
    const seen = new Map<string, number>()
    let number = 0
    const common = () => {
      const i = number++
      const transport = i % 2 === 0 ? ('websocket' as const) : ('sse' as const)
      return { transport, isSwitching: i % 4 === 0 && i / 4 < SWITCHING, pickServer }
    }
    const ofJobs = jobIds.flatMap(jobId =>
      Array.from({ length: WATCHERS_A_JOB }, () => {
        const job = encodeGlobalId('Job', jobId)
        const watcher = watchEvents<number>({
          ...common(),
          query: OF_JOB,
          variables: { job },
          after: 0,
          cursorOf: data => eventOf(data).seq,
          nextCut: () => 1 + Math.floor(Math.random() * 3),
          onResult: data => seen.set(jobId, Math.max(seen.get(jobId) ?? 0, eventOf(data).seq)),
        })
        return { jobId, ...watcher }
      }),
    )
    const oldest = await ask(servers[0] ?? '', '{ events(first: 0) { endCursor } }')
    const after = (oldest.events as { endCursor: string }).endCursor // as asked
    const isMarker = ({ job, seq }: Event) => job.id === encodeGlobalId('Job', lastNoise) && seq === markerSeq
    let markerSeq = Number.NaN
    const ofTenant = Array.from({ length: TENANT_WATCHERS }, () =>
      watchEvents<string>({
        ...common(),
        query: OF_TENANT,
        variables: {},
        after,
        cursorOf: data => placedOf(data).cursor,
        nextCut: () => 1 + Math.floor(Math.random() * 60),
        isLast: data => isMarker(placedOf(data).event),
      }),
    )
    const watchers: { state: Watched; done: Promise<Watched> }[] = [...ofJobs, ...ofTenant]
    const everyone = Promise.all(watchers.map(({ done }) => done))
    everyone.catch(() => {}) // it is awaited below
    expect(watchers.length).toBe(200)

    await until('every job is watched', () => ofJobs.every(({ state }) => state.received.length > 0), LIMIT_MS)
    const progress = { stages: 0, isOver: false }
    let killed = 0
    async function work(): Promise<void> {
      while (progress.stages < STAGES) {
        const worked = await workOnce(imageId)
        progress.stages += worked.length
        for (const jobId of worked) {
          const isSeen = async () => (seen.get(jobId) ?? 0) >= (await lastSeq(jobId))
          await until('a watcher sees it live', isSeen, LIMIT_MS)
        }
        if (killed > 0 || progress.stages < STAGES / 2) continue
        const [victim] = servers.splice(0, 1)
        killed = watchers.filter(({ state }) => state.server === victim).length
        await processes[0].end('SIGKILL')
      }
    }
    try {
      await within('the work', Promise.all([work(), commitOutOfOrder(noise, progress)]), LIMIT_MS)
    } finally {
      progress.isOver = true
    }
    markerSeq = (await lastSeq(lastNoise)) + 1
    await writeEvents(db, lastNoise, [{ type: 'JOB_FORKED' }])
    await within('all watchers reach the end', everyone, LIMIT_MS)

    const table = await readTable(tenantId)
    expect(table.length).toBeGreaterThan(JOBS * (3 + 3 * ROUNDS))
    for (const { jobId, state } of ofJobs) {
      const id = encodeGlobalId('Job', jobId)
      expect(state.received.map(eventOf)).toEqual(table.filter(({ job }) => job.id === id))
      expect(state.cuts).toBeGreaterThanOrEqual(3)
    }
    for (const { state } of ofTenant) {
      expect(state.received.map(data => placedOf(data).event)).toEqual(table)
      expect(state.cuts).toBeGreaterThanOrEqual(3)
    }
    expect(killed).toBeGreaterThan(0)
    expect(watchers.filter(({ state }) => state.transports.size === 2).length).toBe(SWITCHING)
  },
  LIMIT_MS,
)

/** Does a few stages of whatever is next and gives their jobs. */
async function workOnce(imageId: string): Promise<string[]> {
  const { db } = database
  const edits = await claim(db, 'edit', { limit: 3 })
  for (const task of edits) {
    await startStage(db, task)
    await recordEdit(db, task, { imageId, editorSeconds: 1, endpointId: null })
  }
  const thoughts = await claim(db, 'think', { limit: 3 })
  for (const task of thoughts) {
    await startStage(db, task)
    await recordVerdict(db, task, { verdict: verdict(3, 4), tokens: 10, by: testThinker, endpointId: null })
  }
  return [...edits, ...thoughts].map(task => task.jobId)
}

/** Older transactions stay open while younger ones commit, and then commit or, each fourth, do not. */
async function commitOutOfOrder(jobIds: string[], progress: { stages: number; isOver: boolean }): Promise<void> {
  for (let i = 0; progress.stages < STAGES && !progress.isOver; i++) {
    const open = await openTransaction(database.db)
    await writeEventsIn(open.tx, jobIds[i % jobIds.length] ?? '', [{ type: 'JOB_FORKED' }, { type: 'JOB_FORKED' }])
    const enough = Math.min(progress.stages + 3, STAGES)
    await until('younger ones commit', () => progress.stages >= enough || progress.isOver, LIMIT_MS)
    await (i % 4 === 3 ? open.rollback() : open.commit())
  }
}

async function lastSeq(jobId: string): Promise<number> {
  const { rows } = await database.db.query<{ seq: number }>('select event_seq as seq from job where id = $1', [jobId])
  return rows[0]?.seq ?? Number.NaN
}

async function ask(url: string, query: string): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown } // GraphQL's
  expect(errors).toBeUndefined()
  return data
}

/** The log in its order, as a watcher of everything should have received it. */
async function readTable(tenantId: string): Promise<Event[]> {
  type Row = {
    type: string
    seq: number
    jobId: string
    roundId: string | null
    index: number | null
    critiqueId: string | null
  }
  const { rows } = await database.db.query<Row>(
    `select e.type, e.seq, e.job_id as "jobId", e.round_id as "roundId", r.index, e.critique_id as "critiqueId"
     from job_event e left join round r on r.id = e.round_id
     where e.tenant_id = $1 order by e.epoch, e.xid, e.job_id, e.seq`,
    [tenantId],
  )
  return rows.map(({ type, seq, jobId, roundId, index, critiqueId }) => ({
    __typename: type.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    seq,
    job: { id: encodeGlobalId('Job', jobId) },
    ...(roundId !== null && index !== null && { round: { id: encodeGlobalId('Round', roundId), index } }),
    ...(critiqueId !== null && { critique: { id: encodeGlobalId('Critique', critiqueId) } }),
  }))
}
