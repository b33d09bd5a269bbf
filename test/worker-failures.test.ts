import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { StorageError } from '../src/storage/storage.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import type { FakeBehavior } from './support/fake-model-server.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let tenantId: string
let editors: FakeEditor[]
let thinker: FakeThinker

beforeAll(async () => {
  setup = await openWorkers()
  tenantId = await setup.createTenant()
})
afterAll(() => setup.close())
beforeEach(async () => {
  editors = [await startFakeEditor(), await startFakeEditor()]
  thinker = await startFakeThinker({ say: () => '{"is_satisfied": true, "semantic": 9, "quality": 9}' })
})
afterEach(async () => {
  await setup.stopWorkers()
  await Promise.all([...editors, thinker].map(server => server.close()))
})

const start = (count = 1) =>
  setup.start(fakeFleet({ editors: editors.slice(0, count).map(server => server.url), thinkers: [thinker.url] }))

const attemptsOf = async (jobId: string) =>
  (
    await setup.images.db.query<{
      stage: string
      outcome: string | null
      code: string | null
      endpoint: string | null
    }>(
      `select t.stage::text as stage, a.outcome, a.error_code as code, e.url as endpoint
       from attempt a join task t on t.id = a.task_id left join endpoint e on e.id = a.endpoint_id
       where t.job_id = $1 order by a.started_at`,
      [jobId],
    )
  ).rows

const taskOf = async (jobId: string) =>
  (
    await setup.images.db.query<{ state: string; failures: number; errorCode: string | null }>(
      `select state::text as state, failures, error_code as "errorCode" from task where job_id = $1 and stage = 'EDIT'`,
      [jobId],
    )
  ).rows[0]

describe('an edit that fails', () => {
  test('once is tried again at another endpoint', async () => {
    for (const server of editors) server.behaveNext({ does: 'breakOff' })
    editors[1]?.behave({ does: 'answer' })
    await start(2)
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    const edits = (await attemptsOf(jobId)).filter(attempt => attempt.stage === 'EDIT')
    expect(edits.slice(0, 2)).toMatchObject([{ outcome: 'FAILED', code: 'ENGINE_UNREACHABLE' }, {}])
    expect(edits[1]?.endpoint).not.toBe(edits[0]?.endpoint)
    expect(edits.at(-1)?.outcome).toBe('DONE')
  })

  test('as a bad request is never tried again and fails the job with a sentence, not a body', async () => {
    editors[0]?.behave({ does: 'refuse', status: 400 })
    await start()
    const jobId = await setup.submit(tenantId)
    const end = await setup.finished(jobId)
    expect(end).toMatchObject({ status: 'FAILED', stopReason: 'FAILED', errorCode: 'ENGINE_REJECTED' })
    expect(end.errorMessage).toBe('The model server rejected the request (HTTP 400).')
    expect(editors[0]?.calls).toBe(1)
  })

  test('as too many requests waits as long as asked and counts nothing', async () => {
    const busy: FakeBehavior = { does: 'refuse', status: 429, headers: { 'retry-after-ms': '700' } }
    editors[0]?.behaveNext(busy, busy)
    await start()
    const startedAt = performance.now()
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(performance.now() - startedAt).toBeGreaterThan(1_400)
    expect(await taskOf(jobId)).toMatchObject({ state: 'DONE', failures: 0 })
    expect((await attemptsOf(jobId)).map(attempt => attempt.outcome)).toEqual(['BUSY', 'BUSY', 'DONE', 'DONE'])
  })

  test('as too many requests goes to another endpoint, and only the one that asked for it is left alone', async () => {
    const busy: FakeBehavior = { does: 'refuse', status: 429, headers: { 'retry-after': '600' } }
    editors[0]?.behave(busy)
    await start(2)
    const jobs = await Promise.all([setup.submit(tenantId), setup.submit(tenantId), setup.submit(tenantId)])
    for (const jobId of jobs) expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(editors[1]?.calls).toBe(3)
    expect(editors[0]?.calls).toBeLessThanOrEqual(2) // as many as it was sent at once
  })

  test('with a picture that cannot be decoded is tried again', async () => {
    editors[0]?.behaveNext({ does: 'nonsense', body: '{"data":[{"b64_json":"bm90IGEgcGljdHVyZQ=="}]}' })
    await start()
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await attemptsOf(jobId)).toMatchObject([{ outcome: 'FAILED', code: 'ENGINE_ANSWER_UNREADABLE' }, {}, {}])
  })

  test('by its deadline is ended, counted and tried again', async () => {
    editors[0]?.behaveNext({ does: 'hang' })
    const fleet = fakeFleet({ editors: [editors[0]?.url ?? ''], thinkers: [thinker.url] }, { deadlineMs: 400 })
    await setup.start(fleet)
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect((await attemptsOf(jobId))[0]).toMatchObject({ outcome: 'FAILED', code: 'ENGINE_TIMED_OUT' })
    expect(editors[0]?.aborted).toBe(1)
  })

  test('because the storage is away waits for it and counts nothing', async () => {
    const { storage } = setup.images
    let refusals = 2
    const images = {
      ...setup.images,
      storage: {
        ...storage,
        get: async (...args: Parameters<typeof storage.get>) => {
          if (refusals-- > 0) throw new StorageError('The store at 10.0.0.7 is away.')
          return storage.get(...args)
        },
      },
    }
    await setup.start(fakeFleet({ editors: [editors[0]?.url ?? ''], thinkers: [thinker.url] }), { images })
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await taskOf(jobId)).toMatchObject({ failures: 0, errorCode: 'STORAGE_UNAVAILABLE' })
    const { rows } = await setup.images.db.query(
      `select message from job_event where job_id = $1 and message is not null`,
      [jobId],
    )
    expect(JSON.stringify(rows)).not.toContain('10.0.0.7')
  })
})

describe('a verdict that cannot be read', () => {
  test('is asked again with another seed, and after three asks the loop goes on', async () => {
    await thinker.close()
    thinker = await startFakeThinker({
      say: (_, call) => (call <= 3 ? 'It looks fine to me.' : '{"semantic": 9, "quality": 9}'),
    })
    await start()
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'SATISFIED' })
    const seeds = thinker.chats.slice(0, 3).map(chat => chat.body.seed)
    expect(new Set(seeds).size).toBe(3)
    const { rows } = await setup.images.db.query(
      `select r.index, c.error_code as code, c.tokens from round r join critique c on c.round_id = r.id
       where r.job_id = $1 order by r.index`,
      [jobId],
    )
    expect(rows).toMatchObject([
      { index: 1, code: 'UNREADABLE_VERDICT' },
      { index: 2, code: null },
    ])
  })
})

describe('a call under way', () => {
  const hanging = async () => {
    editors[0]?.behave({ does: 'hang' })
    const worker = await start()
    const jobId = await setup.submit(tenantId)
    await until('the edit is under way', () => editors[0]?.inFlight === 1)
    return { worker, jobId }
  }

  test('is aborted within a second when its job is canceled', async () => {
    const { jobId } = await hanging()
    const canceledAt = performance.now()
    await cancelJob(setup.images.db, { tenantId, jobId })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'CANCELED', stopReason: 'CANCELED' })
    expect(performance.now() - canceledAt).toBeLessThan(1_000)
    await until('the server sees it', () => editors[0]?.aborted === 1)
    expect(await attemptsOf(jobId)).toMatchObject([{ outcome: 'ABORTED' }])
  })

  test('is given back at once by a worker that stops, and runs elsewhere without a mark', async () => {
    const { worker, jobId } = await hanging()
    await worker.stop({ graceMs: 0 })
    expect(await taskOf(jobId)).toEqual({ state: 'READY', failures: 0, errorCode: null })
    const { rows } = await setup.images.db.query(
      `select (select count(*) from worker) as workers, (select count(*) from endpoint where worker_id is not null) as driven`,
    )
    expect(rows).toEqual([{ workers: 0, driven: 0 }])
    editors[0]?.behave({ does: 'answer' })
    await start()
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    const { rows: tasks } = await setup.images.db.query(`select crashes from task where job_id = $1`, [jobId])
    expect(tasks.every(task => task.crashes === 0)).toBe(true)
  })

  test('that ends within the grace of a stop is kept', async () => {
    editors[0]?.behave({ does: 'answer', delayMs: 500 })
    const worker = await start()
    const jobId = await setup.submit(tenantId)
    await until('the edit is under way', () => editors[0]?.inFlight === 1)
    await worker.stop({ graceMs: 10_000 })
    expect(await taskOf(jobId)).toMatchObject({ state: 'DONE' })
    expect(editors[0]?.aborted).toBe(0)
  })
})
