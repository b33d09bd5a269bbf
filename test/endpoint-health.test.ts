import { expect, test } from 'vitest'
import type { BreakerEvent } from '../workers/circuit-breaker.ts'
import { builtinModel } from '../workers/fleet/fleet.ts'
import { newEndpoint, type PoolEndpoint, tellBreaker, toReport } from '../workers/pool-endpoint.ts'

function endpointAfter(...events: BreakerEvent[]): PoolEndpoint {
  const engine = { editor: null, thinker: null, probe: null }
  const model = builtinModel('editor', { capacity: 3 })
  const endpoint = newEndpoint({ id: 'e', url: 'u', capacity: 3, engine, model })
  for (const event of events) tellBreaker(endpoint, event)
  return endpoint
}

const failedCalls: BreakerEvent[] = Array(5).fill('failed')

test.each<[string, BreakerEvent[], string]>([
  ['is not known before anything was heard of it', [], 'UNKNOWN'],
  ['is healthy once it answered', ['alive'], 'HEALTHY'],
  ['is not once its calls fail', failedCalls, 'UNHEALTHY'],
  ['is not once nobody listens', ['alive', 'silent'], 'UNHEALTHY'],
  // Where no task comes by to try it, an operator must not be told for ever that it fails.
  ['is healthy again when it answers its health check', [...failedCalls, 'alive'], 'HEALTHY'],
  ['is not when that fails', [...failedCalls, 'alive', 'silent'], 'UNHEALTHY'],
  ['is not known again after a pause where it cannot be checked', [...failedCalls, 'rested'], 'UNKNOWN'],
])('an endpoint %s', (_, events, health) => {
  expect(toReport(endpointAfter(...events)).health).toBe(health)
})

test('an endpoint that passes its checks counts as broken while its trial call runs, and shows what failed before', () => {
  const endpoint = endpointAfter(...failedCalls, 'alive')
  expect(toReport(endpoint)).toMatchObject({ health: 'HEALTHY', failures: 5 })
  endpoint.inFlight = 1
  expect(toReport(endpoint)).toMatchObject({ health: 'UNHEALTHY', failures: 5 })
  endpoint.inFlight = 0
  tellBreaker(endpoint, 'answered')
  expect(toReport(endpoint)).toMatchObject({ health: 'HEALTHY', failures: 0 })
})
