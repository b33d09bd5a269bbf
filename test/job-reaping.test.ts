import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../src/db.ts'
import { startReaper } from '../workers/reaper.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'
import { claim, newJob, seedModels, seedTenant, startJob } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let database: TestDatabase
let db: Db
let tenantId: string
let imageId: string

beforeAll(async () => {
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
  ;({ tenantId, imageId } = await seedTenant(db))
})
afterAll(() => database.drop())

/** Whatever is to be written in these jobs' logs from now on fails. */
async function poison(...jobIds: string[]): Promise<void> {
  await db.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'poisoned'; end $$;
    create trigger poison before insert on job_event for each row
      when (new.job_id in (${jobIds.map(id => `'${id}'`).join()})) execute function refuse()`)
}

async function stateOf(jobId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ state: string }>('select state from task where job_id = $1', [jobId])
  return rows[0]?.state
}

test('a task that cannot be taken back and a job that cannot be ended hold up no other', async () => {
  const start = () => startJob(db, tenantId, newJob(imageId))
  const [badLease, goodLease] = [await start(), await start()]
  await claim(db, 'edit', { limit: 2, leaseMs: -1 })
  const [badDeadline, goodDeadline, asleep] = [await start(), await start(), await start()]
  await db.query(`update task set state = 'DELAYED', run_at = now() where job_id = $1`, [asleep])
  await db.query(`update job set deadline_at = now() where id = $1`, [goodDeadline])
  await db.query(`update job set deadline_at = now() - interval '1 second' where id = $1`, [badDeadline])
  await poison(badLease, badDeadline)
  const reaper = startReaper(db, { isSteady: () => true, log: silentLog })
  await until('all that is sound was done', async () => {
    const states = await Promise.all([goodLease, goodDeadline, asleep].map(stateOf))
    return states.join() === 'READY,CANCELED,READY'
  })
  await reaper.stop()
  expect(await Promise.all([badLease, badDeadline].map(stateOf))).toEqual(['LEASED', 'READY'])
})
