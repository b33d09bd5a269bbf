import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../src/db.ts'
import { connectEventFeed, type EventFeed, FeedClosedError } from '../src/events/event-feed.ts'
import type { EventStream } from '../src/events/event-stream.ts'
import { followJob } from '../src/events/follow-job.ts'
import type { JobEvent } from '../src/events/job-event.ts'
import { makeJobTails } from '../src/events/job-tails.ts'
import { loadJobEventPage } from '../src/events/load-event-page.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { seedJob, seedRound, seedTenant } from './support/seed-job.ts'
import { silentLog } from './support/silent-log.ts'
import { within } from './support/until.ts'
import { finishJob, reopenJob, writeEvents } from './support/write-events.ts'

let database: TestDatabase
let feed: EventFeed
let tenantId: string

beforeAll(async () => {
  database = await createTestDatabase()
  feed = await connectEventFeed({ db: database.db, url: database.url, log: silentLog })
  tenantId = await seedTenant(database.db)
})
afterAll(async () => {
  await feed.close()
  await database.drop()
})

async function startJob(events: number): Promise<string> {
  const { jobId } = await seedJob(database.db, tenantId)
  for (let i = 0; i < events; i++)
    await writeEvents(database.db, jobId, [{ type: i === 0 ? 'JOB_QUEUED' : 'JOB_FORKED' }])
  return jobId
}

const follow = (jobId: string, after = 0) => feed.followJob({ tenantId, jobId, after })

async function take(stream: EventStream<JobEvent>, count: number): Promise<JobEvent[]> {
  const events: JobEvent[] = []
  while (events.length < count) {
    const { value, done } = await within(`event ${events.length + 1} of ${count}`, stream.next())
    if (done || !value) throw new Error(`The stream ended after ${events.length} of ${count} events.`)
    events.push(value)
  }
  return events
}

async function drain(stream: EventStream<JobEvent>): Promise<JobEvent[]> {
  const events: JobEvent[] = []
  for (;;) {
    const { value, done } = await within('the end of the stream', stream.next())
    if (done || !value) return events
    events.push(value)
  }
}

const seqs = (events: readonly JobEvent[]) => events.map(event => event.seq)

describe('a stream of one job', () => {
  test('gives the log first, then what is appended, and ends with the job', async () => {
    const jobId = await startJob(3)
    const stream = await follow(jobId)
    expect(seqs(await take(stream, 3))).toEqual([1, 2, 3])
    const rest = drain(stream)
    const roundId = await seedRound(database.db, jobId, 1)
    await writeEvents(database.db, jobId, [
      { type: 'ROUND_STARTED', roundId },
      { type: 'ROUND_EDITED', roundId },
    ])
    await finishJob(database.db, jobId)
    expect(await rest).toMatchObject([
      { seq: 4, type: 'ROUND_STARTED', roundId },
      { seq: 5, type: 'ROUND_EDITED', roundId },
      { seq: 6, type: 'JOB_FINISHED', status: 'SUCCEEDED', stopReason: 'SATISFIED' },
    ])
  })

  test('begins after the cursor, and ends at once when the cursor is at the end of an ended job', async () => {
    const jobId = await startJob(4)
    await finishJob(database.db, jobId)
    expect(seqs(await drain(await follow(jobId, 3)))).toEqual([4, 5])
    expect(await drain(await follow(jobId, 5))).toEqual([])
  })

  test('goes on when the job is retried, and gives feedback that came after the end to who asks later', async () => {
    const jobId = await startJob(1)
    await finishJob(database.db, jobId)
    await reopenJob(database.db, jobId)
    const stream = await follow(jobId, 1)
    expect((await take(stream, 2)).map(event => event.type)).toEqual(['JOB_FINISHED', 'JOB_RETRIED'])
    await finishJob(database.db, jobId)
    expect(seqs(await drain(stream))).toEqual([4])
    await writeEvents(database.db, jobId, [{ type: 'JOB_FORKED' }])
    expect(seqs(await drain(await follow(jobId, 4)))).toEqual([5])
  })

  test('is longer than what is kept in memory, for a reader far behind and for one at the end', async () => {
    const jobId = await startJob(1)
    const slow = await follow(jobId)
    await take(slow, 1)
    await writeEvents(
      database.db,
      jobId,
      Array.from({ length: 400 }, () => ({ type: 'JOB_FORKED' as const })),
    )
    const late = await follow(jobId)
    await writeEvents(
      database.db,
      jobId,
      Array.from({ length: 400 }, () => ({ type: 'JOB_FORKED' as const })),
    )
    await finishJob(database.db, jobId)
    const all = Array.from({ length: 802 }, (_, i) => i + 1)
    const [slowly, lately] = await Promise.all([drain(slow), drain(late)])
    expect(seqs(slowly)).toEqual(all.slice(1))
    expect(seqs(lately)).toEqual(all)
  })

  test('ends a waiting reader at once when it leaves', async () => {
    const jobId = await startJob(1)
    const stream = await follow(jobId, 1)
    const waiting = stream.next()
    await stream.return()
    expect(await within('the end of the wait', waiting, 100)).toEqual({ done: true, value: undefined })
    expect(feed.countFollowers().ofJobs).toBe(0)
  })

  test("of another tenant's job, or none, is refused as not there", async () => {
    const jobId = await startJob(1)
    const stranger = await seedTenant(database.db)
    await expect(feed.followJob({ tenantId: stranger, jobId, after: 0 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(follow(v7())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await loadJobEventPage(database.db, { tenantId: stranger, jobId, after: 0, first: 10 })).toBeNull()
  })

  test.each([-1, 0.5, 2 ** 31])('refuses %d as a cursor', async after => {
    const jobId = await startJob(1)
    await expect(follow(jobId, after)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'after' })
  })
})

describe('a gap', () => {
  test('is said to a reader whose cursor lies beyond the last event, who then gets what comes', async () => {
    const jobId = await startJob(2)
    const stream = await follow(jobId, 9)
    expect(await take(stream, 1)).toMatchObject([{ type: 'EVENT_GAP', seq: 9, fromSeq: 3, toSeq: 9, jobId }])
    await finishJob(database.db, jobId)
    expect(seqs(await drain(stream))).toEqual([3])
    expect(await loadJobEventPage(database.db, { tenantId, jobId, after: 9, first: 10 })).toMatchObject({
      events: [{ type: 'EVENT_GAP', fromSeq: 4, toSeq: 9 }],
      lastSeq: 3,
      isFinal: true,
    })
  })

  test('is the last thing said to a reader whose job is deleted under way', async () => {
    const jobId = await startJob(4)
    const stream = await follow(jobId)
    const waiting = await follow(jobId, 4)
    await take(stream, 1)
    const end = drain(waiting)
    await database.db.query('delete from job where id = $1', [jobId])
    expect(await end).toMatchObject([{ type: 'EVENT_GAP', fromSeq: 5, toSeq: 5 }])
    expect(await drain(stream)).toMatchObject([{ type: 'EVENT_GAP', fromSeq: 2, toSeq: 5, seq: 5 }])
  })
})

test('a page gives the same events as the stream, and says where the job stands', async () => {
  const jobId = await startJob(5)
  const first = await loadJobEventPage(database.db, { tenantId, jobId, after: 0, first: 3 })
  expect(first).toMatchObject({ lastSeq: 5, isFinal: false })
  expect(seqs(first?.events ?? [])).toEqual([1, 2, 3])
  await finishJob(database.db, jobId)
  const second = await loadJobEventPage(database.db, { tenantId, jobId, after: 3, first: 3 })
  expect(second).toMatchObject({ lastSeq: 6, isFinal: true })
  expect(second?.events).toEqual(await drain(await follow(jobId, 3)))
})

test('a stream loses nothing when the listening connection is cut', async () => {
  const jobId = await startJob(1)
  const stream = await follow(jobId, 1)
  const events = drain(stream)
  const { rows } = await database.db.query<{ pid: number }>(
    `select pg_terminate_backend(pid), pid from pg_stat_activity
     where datname = current_database() and query ilike 'listen%'`,
  )
  expect(rows.length).toBeGreaterThan(0)
  await writeEvents(database.db, jobId, [{ type: 'JOB_FORKED' }])
  await finishJob(database.db, jobId)
  expect(seqs(await events)).toEqual([2, 3])
})

test('a job that is read for one who left and for one who comes is told from its cursor to each', async () => {
  const [jobId, other] = [await startJob(4), await startJob(1)]
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  const { signal } = new AbortController()
  const query: Db['query'] = async statement => {
    await opened
    return database.db.query(statement)
  }
  const db = { ...database.db, query }
  const tails = makeJobTails({ db, log: silentLog, signal })
  const follow = (id: string, after: number) => followJob({ tenantId, jobId: id, after }, { db, tails, signal })
  // While one statement is on its way, the next collects what it is to read.
  const first = follow(other, 0)
  await Promise.resolve()
  const left = tails.hold(jobId, 1)
  const isRead = tails.refresh(left)
  tails.drop(left)
  const coming = [follow(jobId, 3), follow(jobId, 2)]
  open()
  await Promise.all([first, isRead])
  const [fromThree, fromTwo] = await Promise.all(coming)
  if (!fromThree || !fromTwo) throw new Error('Two readers came.')
  expect(seqs(await take(fromThree, 1))).toEqual([4])
  expect(seqs(await take(fromTwo, 2))).toEqual([3, 4])
})

test('a closed feed breaks its streams off instead of ending them', async () => {
  const own = await connectEventFeed({ db: database.db, url: database.url, log: silentLog })
  const jobId = await startJob(1)
  const waiting = await own.followJob({ tenantId, jobId, after: 1 })
  const sending = await own.followJob({ tenantId, jobId, after: 0 })
  const next = expect(waiting.next()).rejects.toThrow(FeedClosedError)
  await own.close()
  await next
  await expect(sending.next()).rejects.toThrow(FeedClosedError)
  await expect(own.followJob({ tenantId, jobId, after: 0 })).rejects.toThrow(FeedClosedError)
})
