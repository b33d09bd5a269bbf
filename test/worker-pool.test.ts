import { afterEach, describe, expect, test, vi } from 'vitest'
import { type CallOutcome, type EndpointPool, makeEndpointPool } from '../workers/endpoint-pool.ts'
import { settleShare } from '../workers/endpoint-share.ts'
import { builtinModel } from '../workers/fleet/fleet.ts'

const answered: CallOutcome = { type: 'answered', seconds: 1 }
const model = builtinModel('editor', { capacity: 1 })
let pool: EndpointPool
let isUp = true
let probes = 0

function setUp(capacities: number[], { isSticky = false, isHeld = true } = {}): EndpointPool {
  const probe = async () => {
    probes++
    if (!isUp) throw new Error('down')
  }
  const engine = { editor: null, thinker: null, probe }
  const listed = capacities.map((capacity, index) => ({ id: `e${index}`, url: `u${index}`, capacity, engine, model }))
  pool = makeEndpointPool(listed, { isSticky, onRoom: () => {} })
  for (const endpoint of pool.endpoints) endpoint.isHeld = isHeld
  return pool
}

const takeAll = (jobId = 'job') => {
  const slots = []
  for (let slot = pool.take(jobId, null); slot; slot = pool.take(jobId, null)) slots.push(slot)
  return slots
}

afterEach(() => {
  pool.close()
  vi.useRealTimers()
  isUp = true
  probes = 0
})

describe('slots', () => {
  test('are never more than the capacity of the endpoints that are held', () => {
    setUp([2, 1, 3])
    const [, second] = pool.endpoints
    if (second) second.isHeld = false
    expect(pool.room()).toBe(5)
    const slots = takeAll()
    expect(slots).toHaveLength(5)
    expect(pool.endpoints.map(endpoint => endpoint.inFlight)).toEqual([2, 0, 3])
    slots[0]?.free(answered)
    slots[0]?.free(answered)
    expect(pool.room()).toBe(1)
  })

  test('go to the least loaded endpoint', () => {
    setUp([4, 4])
    const ids = [1, 2, 3, 4].map(() => pool.take('job', null)?.endpoint.id)
    expect(ids.filter(id => id === 'e0')).toHaveLength(2)
  })

  test('of one job stay at one endpoint while it has room', () => {
    setUp([4, 2], { isSticky: true })
    const first = pool.take('a', null)
    const other = pool.take('b', null)
    expect(other?.endpoint.id).not.toBe(first?.endpoint.id)
    expect(pool.take('b', null)?.endpoint.id).toBe(other?.endpoint.id)
    const full = other?.endpoint
    while (full && full.inFlight < full.capacity) pool.take('b', null)
    expect(pool.take('b', null)?.endpoint.id).toBe(first?.endpoint.id)
  })

  test('avoid the endpoint that failed before where there is another', () => {
    setUp([2, 1])
    expect(pool.take('job', 'e0')?.endpoint.id).toBe('e1')
    expect(pool.take('job', 'e0')?.endpoint.id).toBe('e0')
  })
})

describe('an endpoint', () => {
  test('that is busy gets no call for as long as it asks', () => {
    vi.useFakeTimers()
    setUp([1])
    pool.take('job', null)?.free({ type: 'busy', retryAfterMs: 4_000 })
    vi.advanceTimersByTime(3_990)
    expect(pool.room()).toBe(0)
    vi.advanceTimersByTime(20)
    expect(pool.room()).toBe(1)
  })

  test('that fails twice in a row gets no call until it answers a probe, and is then on trial', async () => {
    vi.useFakeTimers()
    setUp([3])
    isUp = false
    for (const slot of takeAll().slice(0, 2)) slot.free({ type: 'failed' })
    expect(pool.room()).toBe(0)
    expect(pool.reports()).toMatchObject([{ health: 'UNHEALTHY', failures: 2 }])
    await vi.advanceTimersByTimeAsync(11_000)
    expect({ probes, room: pool.room() }).toEqual({ probes: 2, room: 0 })
    isUp = true
    await vi.advanceTimersByTimeAsync(5_000)
    expect(pool.room()).toBe(2)
    pool.take('job', null)?.free({ type: 'failed' })
    expect(pool.room()).toBe(0)
  })

  test('is not blamed for aborted calls, and forgets failures after an answer', () => {
    setUp([1])
    for (const outcome of [{ type: 'failed' }, answered, { type: 'failed' }, { type: 'neutral' }] as CallOutcome[]) {
      pool.take('job', null)?.free(outcome)
    }
    expect(pool.room()).toBe(1)
    expect(pool.medianSeconds()).toBe(1)
  })
})

describe('the share of a worker', () => {
  const held = () => pool.endpoints.filter(endpoint => endpoint.isHeld && !endpoint.isRetiring).map(({ id }) => id)

  test('is the endpoints divided by the live workers, rounded up', () => {
    setUp([1, 1, 1, 1, 1], { isHeld: false })
    expect(settleShare(pool, ['me']).upTo).toBe(5)
    expect(settleShare(pool, ['me', 'b']).upTo).toBe(3)
    expect(settleShare(pool, ['me', 'b', 'c']).upTo).toBe(2)
    expect(settleShare(pool, ['me', 'b', 'c', 'd', 'e', 'f']).upTo).toBe(1)
  })

  test('above it the idle ones retire first, and come back when the other worker goes', () => {
    setUp([1, 1, 1, 1])
    takeAll().at(0)?.free(answered)
    expect(settleShare(pool, ['me', 'b'])).toEqual({ ids: [], upTo: 0 })
    expect(held()).toHaveLength(2)
    expect(held()).not.toContain('e0')
    expect(settleShare(pool, ['me']).upTo).toBe(0)
    expect(held()).toHaveLength(4)
  })

  test('does not hand over again what nobody else wanted, until the workers change', () => {
    setUp([1, 1])
    const [, spare] = pool.endpoints
    if (spare) spare.spareUnder = 'b me'
    settleShare(pool, ['me', 'b'])
    expect(held()).toEqual(['e0', 'e1'])
    settleShare(pool, ['me', 'b', 'c'])
    expect(held()).toEqual(['e0'])
  })
})
