import fc from 'fast-check'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { comparePositions, encodeEventCursor } from '../src/events/event-cursor.ts'
import { connectEventFeed, type EventFeed } from '../src/events/event-feed.ts'
import type { EventStream } from '../src/events/event-stream.ts'
import { loadTenantEventPage } from '../src/events/load-event-page.ts'
import { openEpoch } from '../src/events/open-epoch.ts'
import { readTenantEvents } from '../src/events/read-tenant-events.ts'
import type { TenantEvent } from '../src/events/tenant-tails.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { openTransaction } from './support/open-transaction.ts'
import { seedJob, seedTenant } from './support/seed-job.ts'
import { silentLog } from './support/silent-log.ts'
import { until, within } from './support/until.ts'
import { writeEvents, writeEventsIn } from './support/write-events.ts'

let database: TestDatabase
let feed: EventFeed

beforeAll(async () => {
  database = await createTestDatabase()
  feed = await connectEventFeed({ db: database.db, url: database.url, log: silentLog })
})
afterAll(async () => {
  await feed.close()
  await database.drop()
})

async function take(stream: EventStream<TenantEvent>, count: number): Promise<TenantEvent[]> {
  const events: TenantEvent[] = []
  while (events.length < count) {
    const { value, done } = await within(`event ${events.length + 1} of ${count}`, stream.next(), 20_000)
    if (done || !value) throw new Error('The stream ended.')
    events.push(value)
  }
  return events
}

async function seedJobs(count: number): Promise<{ tenantId: string; jobIds: string[] }> {
  const tenantId = await seedTenant(database.db)
  const jobs = await Promise.all(Array.from({ length: count }, () => seedJob(database.db, tenantId)))
  return { tenantId, jobIds: jobs.map(({ jobId }) => jobId) }
}

const names = (events: readonly TenantEvent[]) => events.map(({ event }) => `${event.jobId} ${event.seq}`)

async function loadAll(tenantId: string, first = 500): Promise<TenantEvent[]> {
  const all: TenantEvent[] = []
  for (let after: string | null = null; ; ) {
    const page = await loadTenantEventPage(database.db, { tenantId, after, first })
    if (page.events.length === 0) return all
    all.push(...page.events)
    after = page.endCursor
  }
}

describe("a tenant's stream", () => {
  test('waits for an older transaction that is still open, and then gives its events first', async () => {
    const { tenantId, jobIds } = await seedJobs(2)
    const [early = '', late = ''] = jobIds
    const stream = await feed.followTenant({ tenantId, after: null })
    const open = await openTransaction(database.db)
    await writeEventsIn(open.tx, early, [{ type: 'JOB_QUEUED' }])
    await writeEvents(database.db, late, [{ type: 'JOB_QUEUED' }])
    const next = stream.next()
    const { hasUnsafe, events } = await until('the younger event is committed', async () => {
      const log = await readTenantEvents(database.db, tenantId, { epoch: 0, xid: 0n, jobId: v7(), seq: 0 }, 10)
      return log.hasUnsafe && log
    })
    expect({ hasUnsafe, events }).toEqual({ hasUnsafe: true, events: [] })
    await open.commit()
    const first = await within('the older event', next)
    expect([first.value?.event.jobId, ...names(await take(stream, 1))]).toEqual([early, `${late} 1`])
  })

  test('gives every event once, in one order for all readers, whatever order transactions commit in', async () => {
    const step = fc.record({
      job: fc.nat(3),
      events: fc.integer({ min: 1, max: 3 }),
      closesAfter: fc.nat(4),
      commits: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.nat(5), async (steps, rejoinEvery) => {
        const { tenantId, jobIds } = await seedJobs(4)
        const live = await feed.followTenant({ tenantId, after: null })
        const open = new Map<number, { close: () => Promise<void>; closesAt: number }>()
        let expected = 0
        for (const [i, { job, events, closesAfter, commits }] of steps.entries()) {
          await open.get(job)?.close() // one writer a job: the job's lock
          const transaction = await openTransaction(database.db)
          await writeEventsIn(
            transaction.tx,
            jobIds[job] ?? '',
            Array.from({ length: events }, () => ({ type: 'JOB_FORKED' as const })),
          )
          if (commits) expected += events
          const close = async () => {
            open.delete(job)
            await (commits ? transaction.commit() : transaction.rollback())
          }
          open.set(job, { close, closesAt: i + closesAfter })
          for (const [, other] of [...open].reverse()) if (other.closesAt <= i) await other.close()
        }
        for (const { close } of [...open.values()].reverse()) await close()

        const seen = await take(live, expected)
        const stored = await until('all are safe to read', async () => {
          const all = await loadAll(tenantId, 3)
          return all.length === expected && all
        })
        expect(names(seen)).toEqual(names(stored))
        expect(new Set(names(seen)).size).toBe(expected)
        for (const [i, { position }] of seen.entries()) {
          const before = seen[i - 1]
          if (before) expect(comparePositions(before.position, position)).toBeLessThan(0)
        }
        for (const jobId of jobIds) {
          const ofJob = seen.filter(({ event }) => event.jobId === jobId).map(({ event }) => event.seq)
          expect(ofJob).toEqual(ofJob.map((_, n) => n + 1))
        }
        // A reader that leaves and comes back with its last cursor sees the same.
        const resumed: TenantEvent[] = []
        while (rejoinEvery > 0 && resumed.length < expected) {
          const after = resumed.at(-1)?.cursor ?? encodeEventCursor({ epoch: 0, xid: 0n, jobId: v7(), seq: 0 })
          const stream = await feed.followTenant({ tenantId, after })
          resumed.push(...(await take(stream, Math.min(rejoinEvery, expected - resumed.length))))
          await stream.return()
        }
        if (rejoinEvery > 0) expect(names(resumed)).toEqual(names(stored))
        await live.return()
      }),
      { numRuns: 15 },
    )
  })

  test('is followed by a reader far behind, past what is kept in memory, without a gap or a repeat', async () => {
    const { tenantId, jobIds } = await seedJobs(3)
    const slow = await feed.followTenant({ tenantId, after: null })
    const many = Array.from({ length: 50 }, () => ({ type: 'JOB_FORKED' as const }))
    for (let i = 0; i < 5; i++) for (const jobId of jobIds) await writeEvents(database.db, jobId, many)
    await writeEvents(database.db, jobIds[0] ?? '', [{ type: 'JOB_QUEUED' }])
    const seen = await take(slow, 751)
    expect(names(seen)).toEqual(names(await loadAll(tenantId)))
    expect(seen.at(-1)?.event).toMatchObject({ type: 'JOB_QUEUED', seq: 251 })
    await slow.return()
  })

  test("shows nothing of another tenant, even with that tenant's cursor", async () => {
    const one = await seedJobs(1)
    const two = await seedJobs(1)
    await writeEvents(database.db, one.jobIds[0] ?? '', [{ type: 'JOB_QUEUED' }])
    await writeEvents(database.db, two.jobIds[0] ?? '', [{ type: 'JOB_QUEUED' }])
    const [foreign] = await until('the event is safe', async () => {
      const all = await loadAll(one.tenantId)
      return all.length > 0 && all
    })
    const stream = await feed.followTenant({ tenantId: two.tenantId, after: foreign?.cursor ?? '' })
    expect(names(await take(stream, 1))).toEqual([`${two.jobIds[0]} 1`])
    await stream.return()
  })

  test('says a gap to a cursor from beyond the end of the log and goes on from now', async () => {
    const { tenantId, jobIds } = await seedJobs(1)
    await writeEvents(database.db, jobIds[0] ?? '', [{ type: 'JOB_QUEUED' }])
    await until('it is safe', async () => (await loadAll(tenantId)).length === 1)
    const beyond = encodeEventCursor({ epoch: 1, xid: 2n ** 60n, jobId: v7(), seq: 1 })
    const stream = await feed.followTenant({ tenantId, after: beyond })
    const [gap] = await take(stream, 1)
    expect(gap?.event).toMatchObject({ type: 'EVENT_GAP', jobId: null })
    await writeEvents(database.db, jobIds[0] ?? '', [{ type: 'JOB_FORKED' }])
    const [next] = await take(stream, 1)
    expect(next?.event).toMatchObject({ seq: 2 })
    const page = await loadTenantEventPage(database.db, { tenantId, after: beyond, first: 5 })
    expect(page.events).toMatchObject([{ event: { type: 'EVENT_GAP' } }])
    await stream.return()
  })

  test('loses nothing when the listening connection is cut', async () => {
    const { tenantId, jobIds } = await seedJobs(1)
    const stream = await feed.followTenant({ tenantId, after: null })
    const next = stream.next()
    await database.db.query(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen%'`)
    await writeEvents(database.db, jobIds[0] ?? '', [{ type: 'JOB_QUEUED' }])
    expect((await within('the event', next)).value?.event.seq).toBe(1)
    await stream.return()
  })
})

describe('a page of all events', () => {
  test('that is empty ends where a stream from now on begins', async () => {
    const { tenantId, jobIds } = await seedJobs(1)
    const page = await loadTenantEventPage(database.db, { tenantId, after: null, first: 10 })
    expect(page.events).toEqual([])
    await writeEvents(database.db, jobIds[0] ?? '', [{ type: 'JOB_QUEUED' }])
    const stream = await feed.followTenant({ tenantId, after: page.endCursor })
    expect(names(await take(stream, 1))).toEqual([`${jobIds[0]} 1`])
    await stream.return()
  })

  test('reads a deep page by the index alone', async () => {
    const { tenantId, jobIds } = await seedJobs(1)
    await writeEvents(
      database.db,
      jobIds[0] ?? '',
      Array.from({ length: 200 }, () => ({ type: 'JOB_FORKED' as const })),
    )
    await database.db.query('analyze job_event')
    const { rows } = await database.db.query<{ 'QUERY PLAN': string }>(
      `explain select * from job_event
       where tenant_id = $1::uuid and (epoch, xid, job_id, seq) > (1::int4, '5'::xid8, $2::uuid, 3::int4)
       order by epoch, xid, job_id, seq limit 10`,
      [tenantId, jobIds[0]],
    )
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    expect(plan).toContain('Index Scan using job_event_tenant_id_epoch_xid_job_id_seq_idx')
    expect(plan).not.toContain('Sort')
  })
})

describe('an epoch', () => {
  test('is opened where stored transactions lie ahead, once, and its events sort after the restored ones', async () => {
    const own = await createTestDatabase()
    try {
      const tenantId = await seedTenant(own.db)
      const { jobId } = await seedJob(own.db, tenantId)
      await writeEvents(own.db, jobId, [{ type: 'JOB_QUEUED' }])
      expect(await openEpoch(own.db)).toBe(false)
      await own.db.query(`update job_event set xid = '900000000000'::xid8`) // as restored from an older cluster
      const opened = await Promise.all([1, 2, 3].map(() => openEpoch(own.db)))
      expect(opened.filter(Boolean)).toEqual([true])
      const restored = await loadTenantEventPage(own.db, { tenantId, after: null, first: 10 })
      expect(restored.events.map(({ event }) => event.seq)).toEqual([1])
      await writeEvents(own.db, jobId, [{ type: 'JOB_STARTED' }])
      const next = await until('the new event is safe', async () => {
        const page = await loadTenantEventPage(own.db, { tenantId, after: restored.endCursor, first: 10 })
        return page.events.length > 0 && page
      })
      expect(next.events.map(({ event, position }) => [event.seq, position.epoch])).toEqual([[2, 2]])
      expect(await openEpoch(own.db)).toBe(false)
    } finally {
      await own.drop()
    }
  })
})
