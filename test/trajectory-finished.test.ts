import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { comparePositions, encodeEventCursor, oldestPosition } from '../src/events/event-cursor.ts'
import { connectEventFeed, type EventFeed } from '../src/events/event-feed.ts'
import { readSafePosition } from '../src/events/read-tenant-events.ts'
import { loadFinishedPage } from '../src/trajectories/load-finished-page.ts'
import { readFinished } from '../src/trajectories/read-finished.ts'
import type { TrajectoryFilter } from '../src/trajectories/trajectory-filter.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { namesOf, readStored, take } from './support/finished-readers.ts'
import { openTransaction } from './support/open-transaction.ts'
import { seedJob, seedTenant } from './support/seed-job.ts'
import { silentLog } from './support/silent-log.ts'
import { until, within } from './support/until.ts'
import { finishJob, finishJobIn, reopenJob, writeEvents } from './support/write-events.ts'
import { writeTrajectories } from './support/write-trajectories.ts'

const RARE: TrajectoryFilter = { tags: ['rare'] }
const LIMIT_MS = 30_000

let database: TestDatabase
/** Those of two API processes. */
let feeds: [EventFeed, EventFeed]

beforeAll(async () => {
  database = await createTestDatabase()
  const connect = () => connectEventFeed({ db: database.db, url: database.url, log: silentLog })
  feeds = [await connect(), await connect()]
})
afterAll(async () => {
  await Promise.all(feeds.map(feed => feed.close()))
  await database.drop()
})

async function seedJobs(count: number): Promise<{ tenantId: string; jobIds: string[] }> {
  const tenantId = await seedTenant(database.db)
  const jobs = await Promise.all(Array.from({ length: count }, () => seedJob(database.db, tenantId)))
  return { tenantId, jobIds: jobs.map(({ jobId }) => jobId) }
}

const tagRare = (jobIds: readonly string[]) =>
  database.db.query(`update job set tags = '{rare}' where id = any($1)`, [jobIds])

describe("a tenant's finished trajectories", () => {
  test('wait for an older transaction that is still open, whose own comes first', async () => {
    const { tenantId, jobIds } = await seedJobs(2)
    const [early = '', late = ''] = jobIds
    const stream = await feeds[0].followFinished({ tenantId, filter: {}, after: null })
    const open = await openTransaction(database.db)
    await finishJobIn(open.tx, early)
    await finishJob(database.db, late)
    const page = await loadFinishedPage(database.db, { tenantId, filter: {}, after: null, first: 10 })
    expect(page).toMatchObject({ items: [], hasNextPage: false })
    await open.commit()
    expect((await take(stream, 2)).map(({ jobId }) => jobId)).toEqual([early, late])
    await stream.return()
    const next = { tenantId, filter: {}, after: page.endCursor, first: 10 }
    const items = await until('both can be read', async () => {
      const found = await loadFinishedPage(database.db, next)
      return found.items.length === 2 && found.items
    })
    expect(items.map(({ jobId }) => jobId)).toEqual([early, late])
  })

  test('come again after a retry, at their new place, and not at all once they are deleted', async () => {
    const { tenantId, jobIds } = await seedJobs(3)
    const [retried = '', deleted = '', last = ''] = jobIds
    const after = encodeEventCursor((await readSafePosition(database.db)).safe)
    const stream = await feeds[0].followFinished({ tenantId, filter: {}, after })
    await finishJob(database.db, retried)
    const [first] = await take(stream, 1)
    await reopenJob(database.db, retried)
    expect(first && (await stream.isGone(first))).toBe(true)
    await finishJob(database.db, deleted)
    await database.db.query('delete from job where id = $1', [deleted])
    await finishJob(database.db, retried)
    await finishJob(database.db, last)
    const late = await feeds[1].followFinished({ tenantId, filter: {}, after })
    expect(namesOf(await take(late, 2))).toEqual([`${retried} 3`, `${last} 1`])
    const again = await until('the new end is there', async () => {
      const [item] = await take(stream, 1)
      return item?.seq === 3 && item
    })
    expect(await stream.isGone(again)).toBe(false)
    await Promise.all([stream.return(), late.return()])
  })

  test('are looked through in pieces of a bounded size, where few match', async () => {
    const { db } = database
    const { tenantId, jobIds } = await seedJobs(1)
    await writeTrajectories(db, tenantId, 700)
    await tagRare(jobIds)
    await finishJob(db, jobIds[0] ?? '')
    const [rare] = await readStored(database.db, tenantId, 'rare')
    await until('all can be read', async () => {
      const { items } = await loadFinishedPage(db, { tenantId, filter: RARE, after: null, first: 1 })
      return items.length === 1
    })
    const chunks = []
    let after = oldestPosition
    for (let hasMore = true; hasMore; ) {
      const chunk = await readFinished(db, { tenantId, filter: RARE, after, limit: 200 })
      expect(comparePositions(chunk.reached, after)).toBeGreaterThan(0)
      chunks.push(namesOf(chunk.items))
      ;({ hasMore, reached: after } = chunk)
    }
    expect(chunks).toEqual([[], [], [], [rare]])
    const oldest = encodeEventCursor(oldestPosition)
    const stream = await feeds[0].followFinished({ tenantId, filter: RARE, after: oldest })
    expect(namesOf(await take(stream, 1))).toEqual([rare])
    await stream.return()
    const page = { tenantId, filter: {}, after: null }
    const whole = await loadFinishedPage(db, { ...page, first: 100 })
    expect(whole).toMatchObject({ hasNextPage: true, endCursor: whole.items[99]?.cursor })
    expect(await loadFinishedPage(db, { ...page, first: 0 })).toMatchObject({ items: [], hasNextPage: true })
    expect(await loadFinishedPage(db, { ...page, after: whole.endCursor, first: 700 })).toMatchObject({
      ...{ items: { length: 601 }, hasNextPage: false },
    })
  })

  test("are a tenant's own, also by another tenant's cursor", async () => {
    const [one, two] = [await seedJobs(1), await seedJobs(1)]
    const stream = await feeds[0].followFinished({ tenantId: two.tenantId, filter: {}, after: null })
    await finishJob(database.db, one.jobIds[0] ?? '')
    await finishJob(database.db, two.jobIds[0] ?? '')
    expect(namesOf(await take(stream, 1))).toEqual(await readStored(database.db, two.tenantId))
    await stream.return()
    const { items } = await until("the other tenant's can be read", async () => {
      const page = await loadFinishedPage(database.db, { tenantId: one.tenantId, filter: {}, after: null, first: 5 })
      return page.items.length > 0 && page
    })
    const foreign = await feeds[0].followFinished({ tenantId: two.tenantId, filter: {}, after: items[0]?.cursor ?? '' })
    expect(namesOf(await take(foreign, 1))).toEqual(await readStored(database.db, two.tenantId))
    await foreign.return()
  })

  test('cannot be followed from a place that is no cursor, or that the log has not come to', async () => {
    const { tenantId } = await seedJobs(1)
    const beyond = encodeEventCursor({ epoch: 1, xid: 2n ** 60n, jobId: v7(), seq: 1 })
    for (const after of ['nonsense', beyond]) {
      const refusal = { code: 'INVALID_INPUT', field: 'after' }
      await expect(feeds[0].followFinished({ tenantId, filter: {}, after })).rejects.toMatchObject(refusal)
      await expect(loadFinishedPage(database.db, { tenantId, filter: {}, after, first: 1 })).rejects.toMatchObject(
        refusal,
      )
    }
    expect(feeds[0].countFollowers()).toEqual({ ofJobs: 0, ofTenants: 0 })
  })

  test('are read once for all readers who ask the same', async () => {
    const { tenantId, jobIds } = await seedJobs(2)
    const own = await connectEventFeed({ db: counted.db, url: database.url, log: silentLog })
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => own.followFinished({ tenantId, filter: RARE, after: null })),
    )
    const next = streams.map(stream => stream.next())
    await writeEvents(database.db, jobIds[1] ?? '', [{ type: 'JOB_QUEUED' }])
    await tagRare(jobIds)
    counted.reads = 0
    await finishJob(database.db, jobIds[0] ?? '')
    for (const { value } of await within('all have it', Promise.all(next), LIMIT_MS)) {
      expect(value?.jobId).toBe(jobIds[0])
    }
    expect(counted.reads).toBeLessThan(5)
    await own.close()
  })
})

/** The database, with its reads of trajectories counted. */
const counted = {
  reads: 0,
  get db() {
    const { db } = database
    const query: typeof db.query = (statement, values) => {
      if ((typeof statement === 'string' ? statement : statement.text).includes('from trajectory')) counted.reads++
      return db.query(statement, values)
    }
    return { ...db, query }
  },
}
