import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../src/db.ts'
import { removeWorker, sweepFleet } from '../src/fleet/remove-worker.ts'
import { makeEndpointPool } from '../workers/endpoint-pool.ts'
import { builtinModel } from '../workers/fleet/fleet.ts'
import { beatFleet, registerFleet } from '../workers/fleet-beat.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { fakeFleet } from './support/worker-setup.ts'

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await createTestDatabase()
  db = database.db
})
afterAll(() => database.drop())

const engine = { editor: null, thinker: null, probe: null }

/** A worker that drives the builtin editor, or servers at these URLs, and beats when it is told to. */
async function startBeating(urls?: string[]) {
  const identity = { workerId: v7(), host: 'h', version: '1' }
  const fleet = urls ? fakeFleet({ editors: urls }) : { models: [builtinModel('editor', { capacity: 3 })] }
  const queues = await registerFleet(db, identity, fleet, () => engine)
  const pools = [...queues.values()].map(listed => makeEndpointPool(listed, { isSticky: false, onRoom: () => {} }))
  const beat = () => beatFleet(db, { identity, fleet, pools, isDraining: false })
  const room = () => pools.reduce((sum, pool) => sum + pool.room(), 0)
  await beat()
  return { beat, room, workerId: identity.workerId }
}

/** As if nothing had been heard of the worker for so long, while others swept. */
async function sleepThrough(workerId: string, seconds: number): Promise<void> {
  await db.query(
    `update endpoint set free_since = free_since - $2 * interval '1 second', lease_until = lease_until - $2 * interval '1 second'
     where worker_id = $1`,
    [workerId, seconds],
  )
  await db.query(`update worker set last_seen_at = last_seen_at - $2 * interval '1 second' where id = $1`, [
    workerId,
    seconds,
  ])
  await sweepFleet(db)
}

test('a worker that was stopped for so long that it was swept drives its endpoints again', async () => {
  const { beat, room, workerId } = await startBeating()
  expect(room()).toBe(3)
  for (const seconds of [80, 7_200]) {
    await sleepThrough(workerId, seconds)
    expect((await db.query('select from endpoint where worker_id = $1', [workerId])).rowCount).toBe(0)
    await beat()
    expect(room()).toBe(3)
    expect((await db.query('select from endpoint where worker_id = $1', [workerId])).rowCount).toBe(1)
  }
})

test('hosts that each start servers of one model drive all of their own, whoever joins', async () => {
  const one = await startBeating(['http://one:1/v1', 'http://one:2/v1', 'http://one:3/v1'])
  expect(one.room()).toBe(6)
  const two = await startBeating(['http://two:1/v1', 'http://two:2/v1'])
  await one.beat()
  expect([one.room(), two.room()]).toEqual([6, 4])
})

test('a worker that joins is given its share when the other beats, and that one has it back when it leaves', async () => {
  const urls = ['http://shared:1/v1', 'http://shared:2/v1']
  const one = await startBeating(urls)
  const two = await startBeating(urls)
  expect([one.room(), two.room()]).toEqual([4, 0])
  await one.beat()
  await two.beat()
  expect([one.room(), two.room()]).toEqual([2, 2])
  await removeWorker(db, two.workerId, [])
  await one.beat()
  expect(one.room()).toBe(4)
})
