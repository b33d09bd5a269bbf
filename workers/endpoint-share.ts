import type { EndpointWish } from '../src/fleet/acquire-endpoints.ts'
import type { EndpointPool } from './endpoint-pool.ts'
import type { PoolEndpoint } from './pool-endpoint.ts'

/**
 * Settles this worker's share of one model's endpoints, at most ceil(listed / live workers that list some of the same):
 * marks what is above it as retiring, takes back what was marked too early, and tells what may be acquired. An endpoint that
 * nobody else wanted is kept until the set of live workers changes, so that it does not go to and fro.
 */
export function settleShare(pool: EndpointPool, liveWorkers: readonly string[]): EndpointWish {
  const share = Math.ceil(pool.endpoints.length / Math.max(1, liveWorkers.length))
  const membership = membershipOf(liveWorkers)
  const held = pool.endpoints.filter(endpoint => endpoint.isHeld)
  const counted = held.filter(endpoint => !endpoint.isRetiring && endpoint.spareUnder !== membership)
  const excess = counted.length - share
  if (excess > 0) for (const endpoint of counted.sort(byReadiness).slice(0, excess)) endpoint.isRetiring = true
  const wanted = held.filter(endpoint => endpoint.isRetiring).slice(0, Math.max(0, -excess))
  for (const endpoint of wanted) endpoint.isRetiring = false
  return {
    ids: pool.endpoints.filter(endpoint => !endpoint.isHeld).map(endpoint => endpoint.id),
    upTo: Math.max(0, -excess - wanted.length),
  }
}

/** Names the set of live workers. */
export function membershipOf(liveWorkers: readonly string[]): string {
  return [...liveWorkers].sort().join(' ')
}

// Handed over first: what was not ours to begin with, then what has the fewest calls to wait for.
function byReadiness(a: PoolEndpoint, b: PoolEndpoint): number {
  return Number(b.spareUnder !== null) - Number(a.spareUnder !== null) || a.inFlight - b.inFlight
}
