import { afterAll, beforeAll, expect, test } from 'vitest'
import { NIL_JOB } from '../src/events/event-cursor.ts'
import { readTenantEvents } from '../src/events/read-tenant-events.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { openTransaction } from './support/open-transaction.ts'
import { seedJob, seedTenant } from './support/seed-job.ts'
import { until } from './support/until.ts'
import { writeEvents, writeEventsIn } from './support/write-events.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test("a job's events stand in the tenant's log by seq, also where an older transaction wrote the later one", async () => {
  const { db } = database
  const tenantId = await seedTenant(db)
  const { jobId } = await seedJob(db, tenantId)
  const read = async () => {
    const log = await readTenantEvents(db, tenantId, { epoch: 0, xid: 0n, jobId: NIL_JOB, seq: 0 }, 100)
    return log.events.map(({ event, position }) => `${position.seq} ${event.type}`)
  }
  // It has its id; then it waits for the job's lock, which a younger one gets and gives back first.
  const older = await openTransaction(db)
  await older.tx.query('select pg_current_xact_id()')
  await writeEvents(db, jobId, [{ type: 'JOB_QUEUED' }, { type: 'JOB_STARTED' }])
  await writeEventsIn(older.tx, jobId, [{ type: 'JOB_CANCEL_REQUESTED' }])
  expect(await read()).toEqual([])
  await older.commit()
  await writeEvents(db, jobId, [{ type: 'JOB_FINISHED', status: 'CANCELED', stopReason: 'CANCELED' }])
  // Held back as long as any transaction of the cluster is older.
  await until('the log can be read to its end', async () => (await read()).length === 4)
  expect(await read()).toEqual(['1 JOB_QUEUED', '2 JOB_STARTED', '3 JOB_CANCEL_REQUESTED', '4 JOB_FINISHED'])
})
