import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeContext } from '../schema/context.ts'
import { encodeGlobalId } from '../schema/global-id.ts'
import { type Live, makeLive } from '../schema/http/live.ts'
import { schema } from '../schema/index.ts'
import type { Caller, Role } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { seedJob, seedRound, seedTenant } from './support/seed-job.ts'
import { within } from './support/until.ts'
import { finishJob, finishJobIn, writeEvents } from './support/write-events.ts'

let api: TestApi
let live: Live
let tenantId: string

beforeAll(async () => {
  api = await openTestApi()
  live = makeLive(api.deps)
  tenantId = await seedTenant(api.db)
})
afterAll(() => api.close())

type Result = { data?: Record<string, unknown> | null; errors?: readonly { extensions: Record<string, unknown> }[] }
type Stream = AsyncGenerator<Result, void, undefined>

const WATCH = `
  subscription Watch($job: ID!, $after: Int) {
    jobEvents(jobId: $job, after: $after) {
      __typename seq job { id status } ... on RoundEdited { round { index prompt } }
    }
  }`

function callerOf(tenant: string, role: Role = 'READ'): Caller {
  return { tenantId: tenant, tenant: 'a tenant', role, keyId: null, keyName: 'a key', expiresAt: null }
}

async function subscribe(document: string, variableValues: Record<string, unknown>, caller = callerOf(tenantId)) {
  const contextValue = makeContext(api.deps, caller)
  return live.subscribe({ schema, document: parse(document), variableValues, contextValue })
}

async function watch(document: string, variables: Record<string, unknown>, caller?: Caller): Promise<Stream> {
  const stream = await subscribe(document, variables, caller)
  if (!(Symbol.asyncIterator in stream)) throw new Error(`Refused: ${JSON.stringify(stream)}`)
  return stream
}

async function next(stream: Stream): Promise<Record<string, unknown>> {
  const { value, done } = await within('the next result', stream.next())
  if (done || !value) throw new Error('The stream ended.')
  expect(value.errors).toBeUndefined()
  return JSON.parse(JSON.stringify(value.data))
}

async function startJob(): Promise<{ jobId: string; job: string }> {
  const { jobId } = await seedJob(api.db, tenantId)
  await writeEvents(api.db, jobId, [{ type: 'JOB_QUEUED' }])
  return { jobId, job: encodeGlobalId('Job', jobId) }
}

/** How many executions the work costs. */
async function count(work: () => Promise<unknown>): Promise<number> {
  const before = live.countExecutions()
  await work()
  return live.countExecutions() - before
}

describe('a thousand watchers of one event', () => {
  test('get it from one execution', async () => {
    const { jobId, job } = await startJob()
    const streams = await Promise.all(Array.from({ length: 1_000 }, () => watch(WATCH, { job, after: 1 })))
    const results = Promise.all(streams.map(next))
    const executions = await count(async () => {
      const roundId = await seedRound(api.db, jobId, 1)
      await writeEvents(api.db, jobId, [{ type: 'ROUND_EDITED', roundId }])
      await results
    })
    const event = {
      __typename: 'RoundEdited',
      seq: 2,
      job: { id: job },
      round: { index: 1, prompt: 'Make it brighter' },
    }
    for (const result of await results) expect(result).toMatchObject({ jobEvents: event })
    expect(executions).toBe(1)
    const ends = Promise.all(streams.map(next))
    expect(await count(async () => [await finishJob(api.db, jobId), await ends])).toBe(1)
    expect(await Promise.all(streams.map(stream => stream.next()))).toEqual(
      streams.map(() => ({ done: true, value: undefined })),
    )
  })

  test('share it wherever they began, by variable, by literal or by default', async () => {
    const { jobId, job } = await startJob()
    await writeEvents(api.db, jobId, [{ type: 'JOB_STARTED' }])
    const text = (after: string) => `subscription ($job: ID!) { jobEvents(jobId: $job${after}) { seq job { status } } }`
    const streams = [
      await watch(text(''), { job }),
      await watch(text(', after: 0'), { job }),
      await watch(text(', after: 1'), { job, unknown: 1 }),
      await watch(text(', after: $from').replace('(', '($from: Int = 1, '), { job }),
      await watch(text(', after: $start').replace('(', '($start: Int!, '), { job, start: 1 }),
    ]
    const executions = await count(async () => {
      for (const stream of streams.slice(0, 2)) expect(await next(stream)).toMatchObject({ jobEvents: { seq: 1 } })
      for (const stream of streams) expect(await next(stream)).toMatchObject({ jobEvents: { seq: 2 } })
    })
    expect(executions).toBe(2)
    await Promise.all(streams.map(stream => stream.return()))
  })
})

describe('watchers do not share', () => {
  test('what they asked differently, or as another role', async () => {
    const { job } = await startJob()
    const text = (fields: string) =>
      `subscription ($job: ID!, $all: Boolean = true) { jobEvents(jobId: $job) { ${fields} } }`
    const stream = (fields: string, variables = {}, caller?: Caller) =>
      watch(text(fields), { job, ...variables }, caller)
    const streams = [
      await stream('seq at @include(if: $all)'),
      await stream('seq at @include(if: $all)', { all: false }),
      await stream('seq at @include(if: $all)', {}, callerOf(tenantId, 'WRITE')),
      await stream('number: seq at @skip(if: $all)'),
    ]
    const results: unknown[] = []
    const executions = await count(async () => {
      for (const each of streams) results.push((await next(each)).jobEvents)
    })
    expect(executions).toBe(4)
    const at = expect.any(String)
    expect(results).toEqual([{ seq: 1, at }, { seq: 1 }, { seq: 1, at }, { number: 1 }])
    await Promise.all(streams.map(each => each.return()))
  })

  test('a variable that says where to begin and something else as well', async () => {
    const { job, jobId } = await startJob()
    await writeEvents(api.db, jobId, [{ type: 'JOB_STARTED' }])
    const text = `subscription ($job: ID!, $n: Int = 1) {
      jobEvents(jobId: $job, after: 1) { ... on JobStarted { job { rounds { critiques(first: $n) { id } } } } }
    }`
    const both = text.replace('after: 1', 'after: $n')
    const streams = [await watch(both, { job, n: 1 }), await watch(text, { job, n: 2 })]
    expect(await count(() => Promise.all(streams.map(next)))).toBe(2)
    await Promise.all(streams.map(stream => stream.return()))
  })
})

test('the stream of all jobs is shared too, through a fragment on the root', async () => {
  const text = `subscription ($from: String) { ...All } fragment All on Subscription {
    events(after: $from) { cursor event { __typename seq ... on JobQueued { job { id } } } }
  }`
  const other = await seedTenant(api.db)
  const streams = await Promise.all(Array.from({ length: 50 }, () => watch(text, {}, callerOf(other))))
  const { jobId } = await seedJob(api.db, other)
  const results = Promise.all(streams.map(next))
  const executions = await count(async () => {
    await writeEvents(api.db, jobId, [{ type: 'JOB_QUEUED' }])
    await results
  })
  const [first] = await results
  expect(first).toEqual({
    events: {
      cursor: expect.any(String),
      event: { __typename: 'JobQueued', seq: 1, job: { id: encodeGlobalId('Job', jobId) } },
    },
  })
  for (const result of await results) expect(result).toEqual(first)
  expect(executions).toBe(1)
  await Promise.all(streams.map(stream => stream.return()))
})

describe('a subscription is refused', () => {
  const code = async (document: string, variables: Record<string, unknown>) => {
    const answer = await subscribe(document, variables)
    if (Symbol.asyncIterator in answer) throw new Error('It was not refused.')
    return answer.errors?.map(error => error.extensions.code)
  }

  test("as NOT_FOUND for another tenant's job, no job and no id", async () => {
    const stranger = await seedTenant(api.db)
    const { jobId } = await seedJob(api.db, stranger)
    expect(await code(WATCH, { job: encodeGlobalId('Job', jobId) })).toEqual(['NOT_FOUND'])
    expect(await code(WATCH, { job: encodeGlobalId('Round', jobId) })).toEqual(['NOT_FOUND'])
    expect(await code(WATCH, { job: 'nonsense' })).toEqual(['NOT_FOUND'])
  })

  test('as INVALID_INPUT for a cursor that is none', async () => {
    const { job } = await startJob()
    expect(await code(WATCH, { job, after: -1 })).toEqual(['INVALID_INPUT'])
    expect(await code('subscription { events(after: "x") { cursor } }', {})).toEqual(['INVALID_INPUT'])
  })
})

test.each([
  ['after its last event was read', false],
  ['before its last event could be read', true],
])('watchers of a job that is deleted %s get a gap up to that event', async (_when, atOnce) => {
  const { jobId, job } = await startJob()
  const fields = '__typename seq job { id } ... on EventGap { fromSeq toSeq }'
  const [ahead, behind] = [
    await watch(`subscription ($job: ID!) { jobEvents(jobId: $job) { ${fields} } }`, { job }),
    await watch(`subscription ($job: ID!) { jobEvents(jobId: $job) { ${fields} seq } }`, { job }),
  ]
  await next(ahead)
  if (!atOnce) {
    const last = await watch(WATCH, { job, after: 1 })
    await finishJob(api.db, jobId)
    await next(last)
  }
  await api.db.transaction(async tx => {
    if (atOnce) await finishJobIn(tx, jobId)
    await tx.query('delete from job where id = $1', [jobId])
    await tx.query(`select pg_notify('job_event', $1)`, [`${tenantId} ${jobId} 0`])
  })
  const gap = { __typename: 'EventGap', seq: 2, job: null, toSeq: 2 }
  expect(await next(ahead)).toEqual({ jobEvents: { ...gap, fromSeq: 2 } })
  expect(await next(behind)).toEqual({ jobEvents: { ...gap, fromSeq: 1 } })
  for (const each of [ahead, behind])
    expect(await within('the end', each.next())).toEqual({ done: true, value: undefined })
})

test('a slow watcher of a long log gets every event, in order, while the others run ahead', async () => {
  const { jobId, job } = await startJob()
  const slow = await watch(WATCH, { job })
  const quick = await watch(WATCH, { job })
  await writeEvents(
    api.db,
    jobId,
    Array.from({ length: 300 }, () => ({ type: 'JOB_FORKED' as const })),
  )
  await finishJob(api.db, jobId)
  const read = async (stream: Stream) => {
    const events: unknown[] = []
    for await (const { data } of stream) events.push(data?.jobEvents)
    return events
  }
  const all = Array.from({ length: 302 }, (_, i) => ({ seq: i + 1 }))
  expect(await read(quick)).toMatchObject(all)
  expect(await read(slow)).toMatchObject(all)
})
