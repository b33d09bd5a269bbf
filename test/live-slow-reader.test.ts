import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { encodeGlobalId } from '../schema/global-id.ts'
import { type Live, makeLive } from '../schema/http/live.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { readSse } from './support/read-sse.ts'
import { seedJob } from './support/seed-job.ts'
import { type ServedGraphql, serveGraphql } from './support/serve-graphql.ts'
import { until, untilSteady, within } from './support/until.ts'
import { finishJob, writeEvents } from './support/write-events.ts'

// More than the kernel takes for a connection whose other end does not read (some 10 MB at most).
const EVENTS = 400
const WIDE = Array.from({ length: 10 }, (_, i) => `copy${i}: instruction`).join(' ')
const QUERY = `subscription ($job: ID!) { jobEvents(jobId: $job) { seq job { ${WIDE} } } }`

let api: TestApi
let live: Live
let server: ServedGraphql

beforeAll(async () => {
  api = await openTestApi()
  live = makeLive(api.deps)
  server = await serveGraphql(api.deps, live)
})
afterAll(async () => {
  await server.close()
  await api.close()
})

type SlowReader = { resume(): void; seqs: Promise<number[]> }

const seqOf = (json: string) => (JSON.parse(json) as { data: { jobEvents: { seq: number } } }).data.jobEvents.seq // as QUERY asks

async function readWebSocket(job: string): Promise<SlowReader> {
  const socket = new WebSocket(server.webSocketUrl, 'graphql-transport-ws')
  const seqs: number[] = []
  const end = new Promise<number[]>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', data => {
      const { type, payload } = JSON.parse(String(data))
      if (type === 'connection_ack') {
        const request = { query: QUERY, variables: { job } }
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: request }), () => socket.pause())
      } else if (type === 'next') seqs.push(seqOf(JSON.stringify(payload)))
      else if (type === 'complete') resolve(seqs)
    })
  })
  await until('it is paused', () => socket.isPaused)
  return { resume: () => socket.resume(), seqs: end.finally(() => socket.close()) }
}

async function openSse(job: string): Promise<SlowReader> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const body = JSON.stringify({ query: QUERY, variables: { job } })
  const response = await fetch(server.url, { method: 'POST', headers, body })
  let resume = () => {}
  const asked = new Promise<void>(resolve => {
    resume = resolve
  })
  const seqs: number[] = []
  const end = asked.then(() =>
    readSse(response, ({ event, data }) => void (event === 'next' && seqs.push(seqOf(data)))),
  )
  return { resume, seqs: end.then(() => seqs) }
}

describe.each([
  ['WebSocket', readWebSocket],
  ['SSE', openSse],
])('a reader over %s that does not read', (_name, open) => {
  test('is waited for without running ahead of it, and misses nothing', async () => {
    const { tenantId } = await loadLocalCaller(api.db)
    const { jobId } = await seedJob(api.db, tenantId)
    await api.db.query(`update job set instruction = repeat('x', 8000) where id = $1`, [jobId])
    const reader = await open(encodeGlobalId('Job', jobId))
    const before = live.countExecutions()
    await writeEvents(
      api.db,
      jobId,
      Array.from({ length: EVENTS }, () => ({ type: 'JOB_FORKED' as const })),
    )
    await finishJob(api.db, jobId)

    const made = await untilSteady(() => live.countExecutions() - before)
    expect(made).toBeLessThan(EVENTS / 2)
    reader.resume()
    const all = Array.from({ length: EVENTS + 1 }, (_, i) => i + 1)
    expect(await within('the end', reader.seqs, 60_000)).toEqual(all)
  }, 120_000)
})
