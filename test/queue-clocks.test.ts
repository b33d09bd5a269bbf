import { afterAll, beforeEach, expect, test } from 'vitest'
import { startJobs } from '../src/jobs/start-jobs.ts'
import { pruneClocks } from '../src/queue/prune-clocks.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { openTransaction } from './support/open-transaction.ts'
import { claim, newJob, seedModels, seedTenant, startJob, testEditor } from './support/stage-driver.ts'

let database: TestDatabase | undefined
let db: TestDatabase['db']

beforeEach(async () => {
  await database?.drop()
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
})
afterAll(() => database?.drop())

const clocks = async () =>
  (await db.query<{ id: string }>('select tenant_id as id from tenant_clock order by tenant_id')).rows.map(
    row => row.id,
  )

test('clocks of tenants that have nothing in a queue and are not ahead of it go, the others stay', async () => {
  const [idle, ahead, waiting] = [await seedTenant(db), await seedTenant(db), await seedTenant(db)]
  for (const { tenantId, imageId } of [idle, ahead, waiting]) await startJob(db, tenantId, newJob(imageId))
  await db.query(`update task set state = 'DONE', ended_at = now() where tenant_id <> $1`, [waiting.tenantId])
  await db.query('update queue_clock set v = 10')
  await db.query('update tenant_clock set v = 12 where tenant_id = $1', [ahead.tenantId])
  expect(await pruneClocks(db)).toBe(1)
  expect(await clocks()).toEqual([ahead.tenantId, waiting.tenantId].sort())
  await db.query(`update task set state = 'DONE', ended_at = now() where state = 'READY'`)
  expect(await pruneClocks(db)).toBe(2)
  expect(await clocks()).toEqual([])
})

test('no task is left without its tenant’s clock, however many are queued meanwhile', async () => {
  const tenants = await Promise.all(Array.from({ length: 8 }, () => seedTenant(db)))
  let isOver = false
  const pruning = (async () => {
    while (!isOver) await pruneClocks(db).catch(() => {})
  })()
  const work = tenants.map(async ({ tenantId, imageId }) => {
    for (let n = 0; n < 10; n++) {
      await startJobs(db, { tenantId }, [newJob(imageId)])
      await db.query(`update task set state = 'DONE', ended_at = now() where tenant_id = $1 and state = 'READY'`, [
        tenantId,
      ])
    }
    await startJobs(db, { tenantId }, [newJob(imageId)])
  })
  await Promise.all(work)
  isOver = true
  await pruning
  const claimed = await claim(db, 'edit', { limit: 20 })
  expect(new Set(claimed.map(task => task.tenantId)).size).toBe(8)
}, 60_000)

test('writers that hold the clocks are not waited for', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  await startJob(db, tenantId, newJob(imageId))
  await db.query(`update task set state = 'DONE', ended_at = now()`)
  const writer = await openTransaction(db)
  await writer.tx.query('insert into tenant_clock (queue, tenant_id) values ($1, $2) on conflict do nothing', [
    `edit:${testEditor}`,
    tenantId,
  ])
  await expect(pruneClocks(db)).rejects.toThrow(/lock timeout/)
  await writer.rollback()
  expect(await pruneClocks(db)).toBe(1)
})
