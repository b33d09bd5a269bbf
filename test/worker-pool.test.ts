import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Stage } from '../src/queue/task.ts'
import { type CallOutcome, type EndpointPool, makeEndpointPool } from '../workers/endpoint-pool.ts'
import { builtinModel, type FleetModel } from '../workers/fleet/fleet.ts'

const answered: CallOutcome = { type: 'answered', seconds: 1 }
const model: FleetModel = {
  ...builtinModel('editor', { capacity: 1 }),
  settings: { engine: 'openai-images', profile: 'generic', servedModel: 'm', key: null },
}
let pool: EndpointPool
let isUp = true
let probes = 0

function setUp(capacities: number[], { isSticky = false, hasProbe = true } = {}): EndpointPool {
  const probe = async () => {
    probes++
    if (!isUp) throw new Error('down')
  }
  const engine = { editor: null, thinker: null, probe: hasProbe ? probe : null }
  const listed = capacities.map((capacity, index) => ({ id: `e${index}`, url: `u${index}`, capacity, engine, model }))
  pool = makeEndpointPool(listed, { isSticky, onRoom: () => {} })
  for (const endpoint of pool.endpoints) endpoint.isHeld = true
  return pool
}

const take = (jobId = 'job', lastEndpointId: string | null = null, stage: Stage = 'EDIT', failures = 0) =>
  pool.take({ jobId, lastEndpointId, stage, failures })

const takeAll = () => {
  const slots = []
  for (let slot = take(); slot; slot = take()) slots.push(slot)
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
    const ids = [1, 2, 3, 4].map(() => take()?.endpoint.id)
    expect(ids.filter(id => id === 'e0')).toHaveLength(2)
  })

  test('of one job stay at one endpoint while it has room', () => {
    setUp([4, 2], { isSticky: true })
    const first = take('a')
    const other = take('b')
    expect(other?.endpoint.id).not.toBe(first?.endpoint.id)
    expect(take('b')?.endpoint.id).toBe(other?.endpoint.id)
    const full = other?.endpoint
    while (full && full.inFlight < full.capacity) take('b')
    expect(take('b')?.endpoint.id).toBe(first?.endpoint.id)
  })

  test('avoid the endpoint that failed before where there is another', () => {
    setUp([2, 1])
    expect(take('job', 'e0')?.endpoint.id).toBe('e1')
    expect(take('job', 'e0')?.endpoint.id).toBe('e0')
  })
})

describe('an endpoint', () => {
  const fail = (...types: ('failed' | 'refused' | 'timedOut')[]) => {
    for (const type of types) take()?.free({ type })
  }

  test('that is busy gets no call for as long as it asks', () => {
    vi.useFakeTimers()
    setUp([2])
    take()?.free({ type: 'busy', retryAfterMs: 4_000 })
    vi.advanceTimersByTime(3_990)
    expect(pool.room()).toBe(0)
    vi.advanceTimersByTime(20)
    expect(pool.room()).toBe(2)
  })

  test('that is busy and does not say how long rests that slot alone, longer each time, and is not blamed', () => {
    vi.useFakeTimers()
    setUp([2])
    for (const waitMs of [250, 500, 1_000]) {
      take()?.free({ type: 'busy', retryAfterMs: null })
      expect(pool.room()).toBe(1)
      vi.advanceTimersByTime(waitMs - 10)
      expect(pool.room()).toBe(1)
      vi.advanceTimersByTime(20)
      expect(pool.room()).toBe(2)
    }
    expect(pool.reports()).toMatchObject([{ health: 'UNKNOWN', failures: 0 }])
    take()?.free(answered)
    take()?.free({ type: 'busy', retryAfterMs: null })
    vi.advanceTimersByTime(260)
    expect(pool.room()).toBe(2)
  })

  test('whose calls fail gets none until it answers a health check, and then one that decides', async () => {
    vi.useFakeTimers()
    setUp([3])
    isUp = false
    fail('failed', 'failed', 'failed', 'failed')
    expect(pool.room()).toBe(3)
    fail('failed')
    expect(pool.room()).toBe(0)
    expect(pool.reports()).toMatchObject([{ health: 'UNHEALTHY', failures: 5 }])
    await vi.advanceTimersByTimeAsync(11_000)
    expect({ probes, room: pool.room() }).toEqual({ probes: 2, room: 0 })
    isUp = true
    await vi.advanceTimersByTimeAsync(5_500)
    expect(pool.room()).toBe(1)
    fail('failed')
    expect(pool.room()).toBe(0)
    await vi.advanceTimersByTimeAsync(5_500)
    const trial = take()
    expect(pool.room()).toBe(0)
    trial?.free(answered)
    expect(pool.room()).toBe(3)
    expect(pool.reports()).toMatchObject([{ health: 'HEALTHY', failures: 0 }])
  })

  test('where nobody listens gets none after the first, and all it has room for once it is there again', async () => {
    vi.useFakeTimers()
    setUp([3])
    isUp = false
    fail('refused')
    expect(pool.room()).toBe(0)
    isUp = true
    await vi.advanceTimersByTimeAsync(5_500)
    expect(pool.room()).toBe(3)
  })

  test('that cannot be asked gets one call after a pause', async () => {
    vi.useFakeTimers()
    setUp([3], { hasProbe: false })
    fail('refused')
    await vi.advanceTimersByTimeAsync(9_000)
    expect(pool.room()).toBe(0)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(pool.room()).toBe(1)
  })

  test('that hangs gets no further call: its health check fails too', async () => {
    vi.useFakeTimers()
    setUp([3])
    isUp = false
    fail('timedOut')
    expect(pool.room()).toBe(0)
    await vi.advanceTimersByTimeAsync(600)
    expect(pool.reports()).toMatchObject([{ health: 'UNHEALTHY', failures: 1 }])
    isUp = true
    await vi.advanceTimersByTimeAsync(5_500)
    expect(pool.room()).toBe(3)
  })

  test('that was only slow once goes on as soon as its health check is answered', async () => {
    vi.useFakeTimers()
    setUp([3])
    fail('timedOut')
    await vi.advanceTimersByTimeAsync(600)
    expect({ probes, room: pool.room() }).toEqual({ probes: 1, room: 3 })
  })

  test('is asked every few seconds while it is idle, and found out before a task meets it', async () => {
    vi.useFakeTimers()
    setUp([1])
    await vi.advanceTimersByTimeAsync(600)
    expect(pool.reports()).toMatchObject([{ health: 'HEALTHY' }])
    isUp = false
    await vi.advanceTimersByTimeAsync(5_500)
    expect(pool.room()).toBe(0)
    expect(pool.reports()).toMatchObject([{ health: 'UNHEALTHY', failures: 0 }])
  })

  test('is not asked while it works or is not ours', async () => {
    vi.useFakeTimers()
    setUp([1, 1])
    const [, foreign] = pool.endpoints
    if (foreign) foreign.isHeld = false
    take()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(probes).toBe(0)
  })

  test('is not blamed for aborted calls', () => {
    setUp([1])
    for (let call = 0; call < 20; call++) take()?.free({ type: 'neutral' })
    take()?.free(answered)
    expect(pool.room()).toBe(1)
    expect(pool.medianSeconds()).toBe(1)
  })
})

describe('the deadline of a call', () => {
  const observe = (seconds: number, count: number, stage: Stage = 'EDIT') => {
    for (let call = 0; call < count; call++) take('job', null, stage)?.free({ type: 'answered', seconds })
  }

  test('is the configured one until enough calls have told how long one takes', () => {
    setUp([1])
    const waiting = take()
    waiting?.free(answered)
    observe(5, 18)
    expect(waiting?.deadlineMs()).toBe(600_000)
    observe(5, 1)
    expect(waiting?.deadlineMs()).toBe(20_000)
  })

  test('is never below 10 s or above the configured one, and twice as long after each failure', () => {
    setUp([1])
    observe(0.1, 20)
    expect(take()?.deadlineMs()).toBe(10_000)
    pool.close()
    setUp([8])
    observe(10, 20)
    const deadlines = [0, 1, 2, 3, 4].map(failures => take('job', null, 'EDIT', failures)?.deadlineMs())
    expect(deadlines).toEqual([40_000, 80_000, 160_000, 320_000, 600_000])
  })

  test('is each stage’s own, and before it has any the fleet’s', () => {
    setUp([2])
    observe(5, 20, 'THINK')
    pool.learn({ medianSeconds: 3, p95Seconds: 8 })
    expect(take('job', null, 'THINK')?.deadlineMs()).toBe(20_000)
    expect(take('job', null, 'POLISH')?.deadlineMs()).toBe(32_000)
  })
})

test('a stage’s usual cost is the fleet’s until this worker has made calls', () => {
  setUp([1]).learn({ medianSeconds: 7, p95Seconds: null })
  expect(pool.medianSeconds()).toBe(7)
  take()?.free(answered)
  expect(pool.medianSeconds()).toBe(1)
})
