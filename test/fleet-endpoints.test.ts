import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../src/db.ts'
import { acquireEndpoints, releaseEndpoints } from '../src/fleet/acquire-endpoints.ts'
import { registerWorker } from '../src/fleet/register-worker.ts'
import { removeWorker, sweepFleet } from '../src/fleet/remove-worker.ts'
import { touchWorker } from '../src/fleet/touch-worker.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await createTestDatabase()
  db = database.db
})
afterAll(() => database.drop())
beforeEach(async () => {
  await db.query('truncate model, worker cascade')
})

const model = { id: 'flux', kinds: ['EDITOR' as const], parameters: [], maxReferences: null, position: 0 }

async function register(urls = ['http://a/v1', 'http://b/v1', 'http://c/v1'], engine = 'openai-images') {
  const workerId = v7()
  const endpoints = urls.map(url => ({ modelId: 'flux', engine, url, capacity: 2 }))
  const ids = await registerWorker(db, { workerId, host: 'h', version: '1', models: [model], endpoints })
  return { workerId, ids: [...ids.values()].sort() }
}

const take = (workerId: string, ids: string[], upTo: number) =>
  acquireEndpoints(db, { workerId, wishes: [{ ids, upTo }] })

async function age(seconds: number): Promise<void> {
  await db.query(
    `update endpoint set free_since = free_since - $1 * interval '1 second', lease_until = lease_until - $1 * interval '1 second'`,
    [seconds],
  )
}

const holders = async () =>
  (
    await db.query<{ id: string; workerId: string | null }>(
      'select id, worker_id as "workerId" from endpoint order by id',
    )
  ).rows

describe('an endpoint', () => {
  test('has one row however many workers list it', async () => {
    const [one, two] = [await register(), await register()]
    expect(two.ids).toEqual(one.ids)
    expect(await holders()).toHaveLength(3)
  })

  test('is taken up to the share, and beyond it only when nobody took it for two heartbeats', async () => {
    const { workerId, ids } = await register()
    expect((await take(workerId, ids, 2)).map(taken => taken.isSpare)).toEqual([false, false])
    expect(await take(workerId, ids, 0)).toEqual([])
    await db.query(`update endpoint set free_since = free_since - interval '6 seconds' where worker_id is null`)
    expect(await take(workerId, ids, 0)).toMatchObject([{ isSpare: true }])
  })

  test('has one driver, whoever reaches for it at once', async () => {
    const workers = await Promise.all(Array.from({ length: 6 }, () => register()))
    const taken = await Promise.all(workers.map(({ workerId, ids }) => take(workerId, ids, 3)))
    const all = taken.flat().map(endpoint => endpoint.id)
    expect(all.sort()).toEqual(workers[0]?.ids)
  })

  test('is another worker to take once its lease has run out, and its late driver learns it', async () => {
    const [one, two] = [await register(), await register()]
    await take(one.workerId, one.ids, 3)
    expect(await take(two.workerId, two.ids, 3)).toEqual([])
    await age(10)
    expect(await take(two.workerId, two.ids, 3)).toHaveLength(3)
    const reports = one.ids.map(id => ({
      id,
      health: 'HEALTHY' as const,
      inFlight: 0,
      failures: 0,
      medianSeconds: 1,
      p95Seconds: null,
    }))
    const view = await touchWorker(db, {
      workerId: one.workerId,
      slots: 6,
      isDraining: false,
      listedIds: [],
      endpoints: reports,
    })
    expect(view.heldIds).toEqual([])
    expect((await holders()).every(endpoint => endpoint.workerId === two.workerId)).toBe(true)
  })

  test('is kept by its heartbeat and free at once when it is handed over', async () => {
    const [one, two] = [await register(), await register()]
    await take(one.workerId, one.ids, 3)
    await age(8)
    const reports = one.ids.map(id => ({
      id,
      health: 'HEALTHY' as const,
      inFlight: 1,
      failures: 0,
      medianSeconds: 2.5,
      p95Seconds: 6,
    }))
    const view = await touchWorker(db, {
      workerId: one.workerId,
      slots: 6,
      isDraining: false,
      listedIds: [],
      endpoints: reports,
    })
    expect(view.heldIds.sort()).toEqual(one.ids)
    await age(8)
    expect(await take(two.workerId, two.ids, 3)).toEqual([])
    await releaseEndpoints(db, { workerId: one.workerId, ids: one.ids.slice(0, 1) })
    await releaseEndpoints(db, { workerId: two.workerId, ids: one.ids.slice(1) })
    expect(await take(two.workerId, two.ids, 3)).toEqual([{ id: one.ids[0], isSpare: false }])
  })
})

describe('a worker', () => {
  test('counts among the live ones until it drains, leaves or falls silent', async () => {
    const [one, two, three] = [await register(), await register(), await register()]
    const look = async () => {
      const beat = { workerId: one.workerId, slots: 0, isDraining: false, listedIds: one.ids, endpoints: [] }
      return (await touchWorker(db, beat)).workers.get('flux')
    }
    expect(await look()).toEqual([one.workerId, two.workerId, three.workerId].sort())
    await touchWorker(db, { workerId: two.workerId, slots: 0, isDraining: true, listedIds: [], endpoints: [] })
    expect(await look()).toEqual([one.workerId, three.workerId].sort())
    await db.query(`update worker set last_seen_at = now() - interval '10 seconds' where id = $1`, [three.workerId])
    expect(await look()).toEqual([one.workerId])
  })

  test('is no rival of one that lists other servers of the same model', async () => {
    const [one, two, three] = [
      await register(['http://a/v1', 'http://b/v1']),
      await register(['http://c/v1']),
      await register(['http://b/v1']),
    ]
    const rivals = async ({ workerId, ids }: typeof one) =>
      (await touchWorker(db, { workerId, slots: 0, isDraining: false, listedIds: ids, endpoints: [] })).workers.get(
        'flux',
      )
    expect(await rivals(one)).toEqual([one.workerId, three.workerId].sort())
    expect(await rivals(two)).toEqual([two.workerId])
    expect(await rivals(three)).toEqual([one.workerId, three.workerId].sort())
  })

  test('that was swept is told to register again', async () => {
    const { workerId } = await register()
    await db.query('delete from worker')
    const view = await touchWorker(db, { workerId, slots: 0, isDraining: false, listedIds: [], endpoints: [] })
    expect(view.isKnown).toBe(false)
  })

  test('that leaves frees its endpoints and takes its own along', async () => {
    const one = await register(['builtin:1'], 'builtin')
    const other = await register(['http://a/v1'])
    await take(one.workerId, [...one.ids, ...other.ids], 2)
    await removeWorker(db, one.workerId, one.ids)
    expect(await holders()).toEqual([{ id: other.ids[0], workerId: null }])
    expect((await db.query('select id from worker')).rows).toEqual([{ id: other.workerId }])
  })

  test('that was killed leaves nothing for ever', async () => {
    const one = await register(['builtin:1'], 'builtin')
    const two = await register(['http://a/v1'])
    await take(one.workerId, one.ids, 1)
    await sweepFleet(db)
    expect(await holders()).toHaveLength(2)
    await age(80)
    await db.query(`update worker set last_seen_at = now() - interval '2 hours' where id = $1`, [one.workerId])
    await sweepFleet(db)
    expect((await holders()).map(endpoint => endpoint.id)).toEqual(two.ids)
    expect((await db.query('select id from worker')).rows).toEqual([{ id: two.workerId }])
    await age(100_000)
    await sweepFleet(db)
    expect(await holders()).toEqual([])
  })
})
