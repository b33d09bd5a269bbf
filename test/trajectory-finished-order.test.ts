import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { comparePositions, encodeEventCursor } from '../src/events/event-cursor.ts'
import { connectEventFeed, type EventFeed } from '../src/events/event-feed.ts'
import { readSafePosition } from '../src/events/read-tenant-events.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { namesOf, pageToEnd, readStored, readToEnd } from './support/finished-readers.ts'
import { type OpenTransaction, openTransaction } from './support/open-transaction.ts'
import { seedJob, seedTenant } from './support/seed-job.ts'
import { silentLog } from './support/silent-log.ts'
import { finishJob, finishJobIn, reopenJob } from './support/write-events.ts'

let database: TestDatabase
/** Those of two API processes. */
let feeds: EventFeed[]

beforeAll(async () => {
  database = await createTestDatabase()
  const connect = () => connectEventFeed({ db: database.db, url: database.url, log: silentLog })
  feeds = [await connect(), await connect()]
})
afterAll(async () => {
  await Promise.all(feeds.map(feed => feed.close()))
  await database.drop()
})

const JOBS = 6
type Step = { job: number; closesAfter: number; ends: 'commit' | 'rollback' }
const step: fc.Arbitrary<Step> = fc.record({
  job: fc.nat(JOBS - 1),
  closesAfter: fc.nat(5),
  ends: fc.constantFrom('commit', 'commit', 'commit', 'rollback'),
})
const reader = fc.record({
  isRare: fc.boolean(),
  isPaging: fc.boolean(),
  cuts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
})

/** Runs of jobs end in transactions that overlap, commit in any order or never; jobs that ended are retried and end again. */
async function playSteps(jobIds: readonly string[], steps: readonly Step[]) {
  const { db } = database
  const open = new Map<string, { transaction: OpenTransaction; ends: Step['ends']; closesAt: number }>()
  const ended = new Set<string>()
  const close = async (jobId: string) => {
    const held = open.get(jobId)
    if (!held) return
    open.delete(jobId)
    if (held.ends === 'rollback') return await held.transaction.rollback()
    await held.transaction.commit()
    ended.add(jobId)
  }
  for (const [i, { job, closesAfter, ends }] of steps.entries()) {
    const jobId = jobIds[job] ?? ''
    await close(jobId) // one writer a job: the job's lock
    if (ended.delete(jobId)) await reopenJob(db, jobId)
    const transaction = await openTransaction(db)
    await finishJobIn(transaction.tx, jobId)
    open.set(jobId, { transaction, ends, closesAt: i + closesAfter })
    for (const [other, { closesAt }] of [...open].reverse()) if (closesAt <= i) await close(other)
  }
  for (const jobId of [...open.keys()].reverse()) await close(jobId)
}

test('finished trajectories come each once, in the order of commits, to all readers, whatever order transactions commit in', async () => {
  const play = fc.asyncProperty(
    fc.array(step, { minLength: 4, maxLength: 20 }),
    fc.array(reader, { minLength: 2, maxLength: 4 }),
    async (steps, readers) => {
      const { db } = database
      const tenantId = await seedTenant(db)
      const seeded = await Promise.all(Array.from({ length: JOBS + 1 }, () => seedJob(db, tenantId)))
      const [lastJob = '', ...working] = seeded.map(({ jobId }) => jobId)
      const rare = [lastJob, ...working.slice(0, 2)]
      await db.query(`update job set tags = '{rare}' where id = any($1)`, [rare])
      const after = encodeEventCursor((await readSafePosition(db)).safe)
      const reading = readers.map(({ isRare, isPaging, cuts }) => {
        const plan = { tenantId, filter: isRare ? { tags: ['rare'] } : {}, after, cuts, lastJob }
        return isPaging ? pageToEnd(db, plan) : readToEnd(feeds, plan)
      })
      await playSteps(working, steps)
      await finishJob(db, lastJob)
      const seen = await Promise.all(reading)
      for (const [i, items] of seen.entries()) {
        const there = await readStored(db, tenantId, readers[i]?.isRare ? 'rare' : null)
        // An end that was seen before its job was retried is there no more.
        expect(namesOf(items).filter(name => there.includes(name))).toEqual(there)
        expect(new Set(namesOf(items)).size).toBe(items.length)
        for (const [n, { position }] of items.entries()) {
          const before = items[n - 1]
          if (before) expect(comparePositions(before.position, position)).toBeLessThan(0)
        }
      }
    },
  )
  await fc.assert(play, { numRuns: 12 })
}, 120_000)
