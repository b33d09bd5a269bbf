import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { addCritique } from '../src/jobs/add-critique.ts'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { forkRound } from '../src/jobs/fork-round.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { newJob, seedImage, seedModels, startJob, takeOne } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'READ')
})
afterAll(() => api.close())

const EVENT = `
  __typename seq at job { id status }
  ... on RoundStarted { round { id index } } ... on RoundEdited { round { id image { id } } }
  ... on RoundCritiqued { round { id } critique { id overall } }
  ... on RoundFailed { round { id status } error { code message isRetryable } }
  ... on StageRetrying { stage code retryAt } ... on JobFinished { status stopReason }
  ... on JobForked { fork { id } } ... on CritiqueAdded { critique { id source round { id } } }
  ... on EventGap { fromSeq toSeq reason }`
const PAGE = `query($id: ID!, $after: Int, $first: Int) {
  jobEvents(jobId: $id, after: $after, first: $first) { events { ${EVENT} } lastSeq isFinal }
}`

const page = async (id: string, more: object = {}) => (await api.get(caller, PAGE, { id, ...more })).jobEvents

test('the log of a job names its rounds and critiques in order', async () => {
  const made = await createFinishedJob(api.db, caller)
  const [first, second] = made.rounds.map(id => ({ id }))
  const { events, lastSeq, isFinal } = await page(made.job)
  expect(events).toMatchObject([
    { __typename: 'JobQueued', seq: 1, job: { id: made.job, status: 'SUCCEEDED' } },
    { __typename: 'JobStarted', seq: 2 },
    { __typename: 'RoundStarted', seq: 3, round: { ...first, index: 1 } },
    { __typename: 'RoundEdited', seq: 4, round: { ...first, image: { id: made.image } } },
    { __typename: 'RoundCritiqued', seq: 5, round: first, critique: { id: made.critiques[0] } },
    { __typename: 'RoundStarted', seq: 6, round: second },
    { __typename: 'RoundEdited', seq: 7, round: second },
    { __typename: 'RoundCritiqued', seq: 8, round: second, critique: { id: made.critiques[1], overall: 9 } },
    { __typename: 'JobFinished', seq: 9, status: 'SUCCEEDED', stopReason: 'SATISFIED' },
  ])
  expect({ lastSeq, isFinal }).toEqual({ lastSeq: 9, isFinal: true })
  expect(await page(made.job, { after: 3, first: 2 })).toMatchObject({
    events: [{ seq: 4 }, { seq: 5 }],
    isFinal: false,
  })
  expect(await page(made.job, { after: 9 })).toEqual({ events: [], lastSeq: 9, isFinal: true })
  const gap = { __typename: 'EventGap', seq: 99, fromSeq: 10, toSeq: 99, job: { id: made.job } }
  expect((await page(made.job, { after: 99 })).events).toMatchObject([gap])
})

test('failures, retries, cancellations, forks and feedback are events of their own', async () => {
  const source = await seedImage(api.db, caller.tenantId)
  const jobId = await startJob(api.db, caller.tenantId, newJob(source))
  const target = { tenantId: caller.tenantId, jobId }
  const busy = { code: 'OVERLOADED', message: 'The model server is busy.', retryAfterMs: 0, endpointId: null }
  const task = await takeOne(api.db, 'edit')
  await failStage(api.db, task, { ...busy, kind: 'failed' })
  await api.db.query(`update task set state = 'READY', run_at = now() where job_id = $1 and state = 'DELAYED'`, [jobId])
  await failStage(api.db, await takeOne(api.db, 'edit'), { ...busy, kind: 'rejected', code: 'REFUSED' })
  await retryJob(api.db, target)
  const critiqueId = await addCritique(api.db, caller, {
    roundId: task.roundId ?? '',
    semantic: 1,
    quality: null,
    isSatisfied: null,
    reasoning: null,
    refinedPrompt: null,
  })
  const fork = { prompt: null, instruction: null, editor: null, thinker: null, settings: null, seed: null }
  const forkId = await forkRound(api.db, caller, { ...fork, roundId: task.roundId ?? '', idempotencyKey: null })
  await cancelJob(api.db, target)
  const id = encodeGlobalId('Job', jobId)
  const round = encodeGlobalId('Round', task.roundId ?? '')
  const { events } = await page(id, { after: 3 })
  expect(events).toMatchObject([
    { __typename: 'StageRetrying', stage: 'EDIT', code: 'OVERLOADED', retryAt: expect.stringMatching(/Z$/) },
    { __typename: 'RoundFailed', round: { id: round }, error: { code: 'REFUSED', message: busy.message } },
    { __typename: 'JobFinished', status: 'FAILED', stopReason: 'FAILED', job: { status: 'CANCELED' } },
    { __typename: 'JobRetried' },
    {
      __typename: 'CritiqueAdded',
      critique: { id: encodeGlobalId('Critique', critiqueId), source: 'HUMAN', round: { id: round } },
    },
    { __typename: 'JobForked', fork: { id: encodeGlobalId('Job', forkId) } },
    { __typename: 'JobCancelRequested' },
    { __typename: 'JobFinished', status: 'CANCELED', stopReason: 'CANCELED' },
  ])
  await cancelJob(api.db, { tenantId: caller.tenantId, jobId: forkId })
  await api.db.query('delete from job where id = $1', [forkId])
  expect((await page(id, { after: 8 })).events[0]).toMatchObject({ __typename: 'JobForked', fork: null })
})

test('a page of events with all they name takes few statements, however many they are', async () => {
  const made = await createFinishedJob(api.db, caller, { scores: Array(10).fill([5, 5]) })
  api.takeStatements()
  const { events } = await page(made.job, { first: 500 })
  expect(events).toHaveLength(33)
  expect(api.takeStatements().length).toBeLessThanOrEqual(8)
})

test('an event or page out of range is refused with the limit', async () => {
  const made = await createFinishedJob(api.db, caller)
  const refused = async (variables: object) => (await api.run(caller, PAGE, { id: made.job, ...variables })).errors
  expect(await refused({ first: 501 })).toMatchObject([
    { code: 'INVALID_INPUT', field: 'first', message: expect.stringContaining('500') },
  ])
  expect(await refused({ after: -1 })).toMatchObject([{ code: 'INVALID_INPUT', field: 'after' }])
  const all = 'query($after: String) { events(after: $after, first: 501) { endCursor } }'
  expect((await api.run(caller, all, {})).errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'first' }])
  const one = 'query($after: String) { events(after: $after) { endCursor } }'
  expect((await api.run(caller, one, { after: 'nonsense' })).errors).toMatchObject([
    { code: 'INVALID_INPUT', field: 'after' },
  ])
  const live = 'subscription($after: String) { events(after: $after) { cursor } }'
  expect((await api.follow(caller, live, { after: 'nonsense' }, 1))[0]?.errors).toMatchObject([
    { code: 'INVALID_INPUT' },
  ])
  const job = 'subscription($id: ID!) { jobEvents(jobId: $id, after: -1) { seq } }'
  expect((await api.follow(caller, job, { id: made.job }, 1))[0]?.errors).toMatchObject([{ field: 'after' }])
})

test("the tenant's log is read on from any cursor", async () => {
  const reader = await createCaller(api.db, 'READ')
  const jobs = [await createFinishedJob(api.db, reader), await createFinishedJob(api.db, reader)]
  const document = `query($after: String, $first: Int) {
    events(after: $after, first: $first) { events { cursor event { seq job { id } } } endCursor }
  }`
  const found: string[] = []
  let after: string | null = null
  for (;;) {
    const { events }: { events: { events: { event: { seq: number; job: { id: string } } }[]; endCursor: string } } =
      await api.get(reader, document, { after, first: 4 })
    if (events.events.length === 0) break
    found.push(...events.events.map(({ event }) => `${event.job.id} ${event.seq}`))
    after = events.endCursor
  }
  expect(found).toEqual(jobs.flatMap(({ job }) => Array.from({ length: 9 }, (_, n) => `${job} ${n + 1}`)))
})

test('a subscription gives the same events and completes with the last', async () => {
  const made = await createFinishedJob(api.db, caller)
  const document = `subscription($id: ID!, $after: Int) { jobEvents(jobId: $id, after: $after) { ${EVENT} } }`
  const { events } = await page(made.job)
  const live = await api.follow(caller, document, { id: made.job, after: 2 }, 100)
  expect(live.map(answer => answer.data.jobEvents)).toEqual(events.slice(2))
  expect(await api.follow(caller, document, { id: made.job, after: 9 }, 100)).toEqual([])
})
