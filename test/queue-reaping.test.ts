import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { enforceDeadlines } from '../src/jobs/enforce-deadlines.ts'
import { reapTasks } from '../src/jobs/reap-tasks.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { openTransaction } from './support/open-transaction.ts'
import { claim, newJob, seedModels, seedTenant, startJob } from './support/stage-driver.ts'
import { within } from './support/until.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
})
afterAll(() => database.drop())

test('a process that stopped in the middle of a transaction holds up no other job', async () => {
  const { db } = database
  const { tenantId, imageId } = await seedTenant(db)
  const stuck = await startJob(db, tenantId, newJob(imageId))
  const free = await startJob(db, tenantId, newJob(imageId))
  const workerId = v7()
  const leased = await claim(db, 'edit', { workerId, limit: 2, leaseMs: -1 })
  expect(leased).toHaveLength(2)
  await db.query(`update job set deadline_at = now() where id = any($1::uuid[])`, [[stuck, free]])

  const open = await openTransaction(db)
  await open.tx.query('select id from job where id = $1 for no key update', [stuck])
  expect(await within('it reaps', reapTasks(db))).toEqual({ reclaimed: 1, dead: 0 })
  expect(await within('it enforces deadlines', enforceDeadlines(db))).toBe(1)
  await open.rollback()
  expect(await reapTasks(db)).toEqual({ reclaimed: 1, dead: 0 })
  expect(await enforceDeadlines(db)).toBe(1)
  const { rows } = await db.query(`select id from job where stop_reason = 'DEADLINE' order by id`)
  expect(rows).toEqual([{ id: stuck }, { id: free }])
})

test('any number of reapers take a task back once', async () => {
  const { db } = database
  const { tenantId, imageId } = await seedTenant(db)
  for (let i = 0; i < 8; i++) await startJob(db, tenantId, newJob(imageId))
  await claim(db, 'edit', { limit: 8, leaseMs: -1 })
  const reaped = await Promise.all([1, 2, 3, 4].map(() => reapTasks(db)))
  expect(reaped.reduce((sum, { reclaimed }) => sum + reclaimed, 0)).toBe(8)
  const { rows } = await db.query(`select crashes, state from task where tenant_id = $1`, [tenantId])
  expect(rows).toEqual(Array(8).fill({ crashes: 1, state: 'READY' }))
})
