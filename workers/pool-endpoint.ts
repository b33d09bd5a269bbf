import type { EndpointReport } from '../src/fleet/touch-worker.ts'
import { type CallLatency, makeCallLatency } from './call-latency.ts'
import { type Breaker, type BreakerEvent, closedBreaker, countFailed, nextBreaker } from './circuit-breaker.ts'
import type { Engine } from './engines/make-engine.ts'
import type { FleetModel } from './fleet/fleet.ts'

/** An endpoint of the fleet file with its row's id and its engine. The model and `url` name it. */
export type ListedInPool = {
  /** Another one once the row was swept and registered again. */
  id: string
  readonly url: string
  readonly capacity: number
  readonly engine: Engine
  readonly model: FleetModel
}

/** One endpoint. `isHeld`: leased to this worker. `isRetiring`: no new calls, handed over when the last one ends. */
export type PoolEndpoint = ListedInPool & {
  isHeld: boolean
  isRetiring: boolean
  /** Taken above the fair share while these workers lived; null: part of the share. */
  spareUnder: string | null
  inFlight: number
  /** Slots that wait a moment after a busy answer. */
  resting: number
  /** Busy answers since the last other one. */
  busyInRow: number
  /** Nothing is sent before this moment (Date.now()): the server asked for it. */
  closedUntil: number
  breaker: Breaker
  /** When the breaker heard something last (Date.now()); 0: never. */
  heardAt: number
  /** Whether the last call or health check was answered; null: there was none yet. */
  hasAnswered: boolean | null
  /** A call ran into its deadline: nothing more is sent before a health check has told whether the server hangs. */
  isSuspect: boolean
  readonly latency: CallLatency
}

/** Enough for a steady p95, and few enough to follow a server that became slower. */
const KEPT_CALLS = 64

export function newEndpoint(listed: ListedInPool): PoolEndpoint {
  return {
    ...listed,
    ...{ isHeld: false, isRetiring: false, spareUnder: null, inFlight: 0, resting: 0, busyInRow: 0, closedUntil: 0 },
    ...{ breaker: closedBreaker, heardAt: 0, hasAnswered: null, isSuspect: false },
    latency: makeCallLatency(KEPT_CALLS),
  }
}

/** Calls that could start there now. */
export function roomOf(endpoint: PoolEndpoint): number {
  const { isHeld, isRetiring, isSuspect, breaker, closedUntil, capacity, inFlight, resting } = endpoint
  if (!isHeld || isRetiring || isSuspect || closedUntil > Date.now()) return 0
  switch (breaker.state) {
    case 'closed':
      return Math.max(0, capacity - inFlight - resting)
    case 'halfOpen':
      return Math.max(0, 1 - inFlight - resting)
    case 'open':
      return 0
    default:
      return breaker.state satisfies never
  }
}

/** Whether it is to go to another worker and has no call to wait for. */
export function canHandOver({ isHeld, isRetiring, inFlight }: PoolEndpoint, isDraining: boolean): boolean {
  return isHeld && (isRetiring || isDraining) && inFlight === 0
}

/** Tells the endpoint's breaker what a call or a health check gave. */
export function tellBreaker(endpoint: PoolEndpoint, event: BreakerEvent): void {
  endpoint.breaker = nextBreaker(endpoint.breaker, event)
  endpoint.heardAt = Date.now()
  if (event !== 'rested') endpoint.hasAnswered = event === 'answered' || event === 'alive'
}

/** What operators see of it. */
export function toReport(endpoint: PoolEndpoint): EndpointReport {
  const { id, inFlight, breaker, latency } = endpoint
  const [medianSeconds, p95Seconds] = [latency.medianSeconds(), latency.p95Seconds()]
  return { id, health: healthOf(endpoint), inFlight, failures: countFailed(breaker), medianSeconds, p95Seconds }
}

// One that waits for its trial call would be called at once, but in an idle queue no call may come for days: it is what
// its last health check said. While the trial runs nothing else is sent, and its editor counts as broken.
function healthOf({ breaker, inFlight, hasAnswered }: PoolEndpoint): EndpointReport['health'] {
  const isOnTrial = breaker.state === 'halfOpen' && inFlight > 0
  if (breaker.state === 'open' || isOnTrial) return 'UNHEALTHY'
  if (hasAnswered) return 'HEALTHY'
  return 'UNKNOWN'
}
