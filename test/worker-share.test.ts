import { afterEach, describe, expect, test } from 'vitest'
import { type EndpointPool, makeEndpointPool } from '../workers/endpoint-pool.ts'
import { settleShare } from '../workers/endpoint-share.ts'
import { builtinModel } from '../workers/fleet/fleet.ts'

let pool: EndpointPool

function setUp(capacities: number[], { isHeld = true } = {}): void {
  const model = builtinModel('editor', { capacity: 1 })
  const engine = { editor: null, thinker: null, probe: null }
  const listed = capacities.map((capacity, index) => ({ id: `e${index}`, url: `u${index}`, capacity, engine, model }))
  pool = makeEndpointPool(listed, { isSticky: false, onRoom: () => {} })
  for (const endpoint of pool.endpoints) endpoint.isHeld = isHeld
}

function takeAll() {
  const wish = { jobId: 'job', stage: 'EDIT', lastEndpointId: null, failures: 0 } as const
  const slots = []
  for (let slot = pool.take(wish); slot; slot = pool.take(wish)) slots.push(slot)
  return slots
}

afterEach(() => pool.close())

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
    for (const slot of takeAll().slice(0, 1)) slot.free({ type: 'answered', seconds: 1 })
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
