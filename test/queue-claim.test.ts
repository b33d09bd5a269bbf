import { v7 } from 'uuid'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { cancelJobs } from '../src/jobs/cancel-job.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { queuePosition } from '../src/jobs/queue-position.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { startJobs } from '../src/jobs/start-jobs.ts'
import { countUnstarted } from '../src/queue/queue-depths.ts'
import { renewLeases } from '../src/queue/renew-leases.ts'
import { wakeDelayed } from '../src/queue/wake-delayed.ts'
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

test('rivals on one queue share its tasks: each is claimed once and none is left', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  await startJobs(
    db,
    { tenantId },
    Array.from({ length: 200 }, () => newJob(imageId)),
  )
  const claimed = await Promise.all(Array.from({ length: 20 }, () => claim(db, 'edit', { limit: 10 })))
  const ids = claimed.flat().map(task => task.id)
  expect(ids).toHaveLength(200)
  expect(new Set(ids).size).toBe(200)
  expect(await claim(db, 'edit')).toEqual([])
})

test('inside a tenant the higher priority goes first, then the later round, then the older job', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  const old = await startJob(db, tenantId, newJob(imageId))
  const late = await startJob(db, tenantId, newJob(imageId))
  const urgent = await startJob(db, tenantId, newJob(imageId, { priority: 5 }))
  await db.query('update task set round_index = 2 where job_id = $1', [late])
  const order = (await claim(db, 'edit', { limit: 3 })).map(task => task.jobId)
  expect(order).toEqual([urgent, late, old])
})

test('tenants take turns by weight, however many jobs one has and whatever priority it gives them', async () => {
  const big = await seedTenant(db)
  const small = await seedTenant(db)
  const heavy = await seedTenant(db, 2)
  for (const [tenant, jobs, priority] of [
    [big, 60, 100],
    [small, 10, 0],
    [heavy, 60, -100],
  ] as const) {
    const many = Array.from({ length: jobs }, () => newJob(tenant.imageId, { priority }))
    await startJobs(db, { tenantId: tenant.tenantId }, many)
  }
  const order: string[] = []
  for (let n = 0; n < 40; n++) order.push(...(await claim(db, 'edit')).map(task => task.tenantId))
  const share = (tenantId: string) => order.filter(id => id === tenantId).length
  expect([share(big.tenantId), share(small.tenantId), share(heavy.tenantId)]).toEqual([10, 10, 20])
})

test('a tenant that comes back after a while neither has saved up turns nor waits for those it took', async () => {
  const busy = await seedTenant(db)
  const idle = await seedTenant(db)
  await startJobs(
    db,
    busy,
    Array.from({ length: 50 }, () => newJob(busy.imageId)),
  )
  for (let n = 0; n < 20; n++) await claim(db, 'edit')
  await startJobs(
    db,
    idle,
    Array.from({ length: 20 }, () => newJob(idle.imageId)),
  )
  const order: string[] = []
  for (let n = 0; n < 10; n++) order.push(...(await claim(db, 'edit')).map(task => task.tenantId))
  const turns = order.filter(id => id === idle.tenantId).length
  expect(turns).toBeGreaterThanOrEqual(5)
  expect(turns).toBeLessThanOrEqual(6)
})

test('a flood of 10,000 jobs delays another tenant by one turn, also once it is canceled', async () => {
  const flood = await seedTenant(db)
  const other = await seedTenant(db)
  for (let n = 0; n < 20; n++) {
    await startJobs(
      db,
      flood,
      Array.from({ length: 500 }, () => newJob(flood.imageId, { priority: 100 })),
    )
  }
  await claim(db, 'edit', { limit: 4 })
  const first = await startJob(db, other.tenantId, newJob(other.imageId))
  expect((await queuePosition(db, [first])).get(first)).toBeLessThanOrEqual(2)
  const next = await claim(db, 'edit', { limit: 2 })
  expect(next.map(task => task.jobId)).toContain(first)
  expect(await cancelJobs(db, { tenantId: flood.tenantId, filter: {} })).toBe(10_000)
  const again = await startJob(db, other.tenantId, newJob(other.imageId))
  const floodAgain = await startJob(db, flood.tenantId, newJob(flood.imageId))
  const last = await claim(db, 'edit', { limit: 2 })
  expect(new Set(last.map(task => task.jobId))).toEqual(new Set([again, floodAgain]))
}, 120_000)

test('boosted tasks go before any tenant turn', async () => {
  const a = await seedTenant(db)
  const b = await seedTenant(db)
  await startJob(db, a.tenantId, newJob(a.imageId, { priority: 100 }))
  const boosted = await startJob(db, b.tenantId, newJob(b.imageId, { priority: -100 }))
  await db.query('update task set boost = 1 where job_id = $1', [boosted])
  expect((await claim(db, 'edit')).map(task => task.jobId)).toEqual([boosted])
})

test('boosted work is taken from its tenant’s turns', async () => {
  const a = await seedTenant(db)
  const b = await seedTenant(db)
  for (const { tenantId, imageId } of [a, b]) {
    await startJobs(
      db,
      { tenantId },
      Array.from({ length: 20 }, () => newJob(imageId)),
    )
  }
  await db.query(
    `update task set boost = 1 where id in (select id from task where tenant_id = $1 order by id limit 8)`,
    [a.tenantId],
  )
  const order: string[] = []
  for (let n = 0; n < 16; n++) order.push(...(await claim(db, 'edit')).map(task => task.tenantId))
  expect(order).toEqual([...Array(8).fill(a.tenantId), ...Array(8).fill(b.tenantId)])
})

test('a job that its owner retries waits for its tenant’s turn', async () => {
  const a = await seedTenant(db)
  const b = await seedTenant(db)
  for (let n = 0; n < 3; n++) await startJob(db, a.tenantId, newJob(a.imageId))
  const refusal = { kind: 'rejected', code: 'NO', message: 'No.', retryAfterMs: null, endpointId: null } as const
  const failed = await claim(db, 'edit', { limit: 3 })
  for (const task of failed) await failStage(db, task, refusal)
  const other = await startJob(db, b.tenantId, newJob(b.imageId))
  for (const { jobId } of failed) await retryJob(db, { tenantId: a.tenantId, jobId })
  const order = await claim(db, 'edit', { limit: 4 })
  expect(order.slice(0, 2).map(task => task.jobId)).toContain(other)
})

test('in a closing batch unstarted jobs go before later rounds, and of these the earlier', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  const started = await startJob(db, tenantId, newJob(imageId))
  const behind = await startJob(db, tenantId, newJob(imageId))
  const unstarted = await startJob(db, tenantId, newJob(imageId))
  await db.query('update task set round_index = 3, is_first = false where job_id = $1', [started])
  await db.query('update task set round_index = 2, is_first = false where job_id = $1', [behind])
  expect(await countUnstarted(db, `edit:${testEditor}`)).toMatchObject({ unstarted: 1 })
  const tasks = await claim(db, 'edit', { limit: 3, isClosing: true })
  expect(tasks.map(task => task.jobId)).toEqual([unstarted, behind, started])
})

test('a heartbeat renews what is still held and names what was lost and what is to be aborted', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  await startJobs(db, { tenantId }, [newJob(imageId), newJob(imageId), newJob(imageId)])
  const workerId = v7()
  const [kept, lost, canceled] = await claim(db, 'edit', { workerId, limit: 3 })
  if (!kept || !lost || !canceled) throw new Error('three tasks were expected')
  await db.query('update task set token = token + 1 where id = $1', [lost.id])
  await cancelJobs(db, { tenantId, filter: { status: ['QUEUED'], createdAfter: new Date(0) } })
  await db.query('update task set is_abort_asked = false where id = $1', [kept.id])
  const held = [kept, lost, canceled]
  expect(await renewLeases(db, { workerId, held, leaseMs: 9_000 })).toEqual({ lost: [lost.id], abort: [canceled.id] })
})

test('a heartbeat does not wait for a task that a hanging transaction has locked', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  await startJobs(db, { tenantId }, [newJob(imageId), newJob(imageId)])
  const workerId = v7()
  const held = await claim(db, 'edit', { workerId, limit: 2, leaseMs: 1_000 })
  const hanging = await openTransaction(db)
  await hanging.tx.query('select from task where id = $1 for update', [held[0]?.id])
  expect(await renewLeases(db, { workerId, held, leaseMs: 60_000 })).toEqual({ lost: [], abort: [] })
  const { rows } = await db.query<{ id: string }>(
    `select id from task where lease_until > clock_timestamp() + interval '30 seconds'`,
  )
  expect(rows).toEqual([{ id: held[1]?.id }])
  await hanging.rollback()
})

test('a delayed task is woken when its time has come, by one process only', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  await startJobs(
    db,
    { tenantId },
    Array.from({ length: 20 }, () => newJob(imageId)),
  )
  await db.query(`update task set state = 'DELAYED', run_at = clock_timestamp() - interval '1 second'`)
  const woken = await Promise.all([wakeDelayed(db), wakeDelayed(db), wakeDelayed(db)])
  expect(woken.reduce((sum, each) => sum + each.woken, 0)).toBe(20)
  expect(await claim(db, 'edit', { limit: 30 })).toHaveLength(20)
})
