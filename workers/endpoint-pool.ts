// The endpoints of one queue (a model's edits or thoughts) as this process drives them. A slot is one call; an endpoint never has more than its
// capacity. A server that fails twice in a row gets no calls until it answers a probe: it would fail tasks faster than
// the healthy ones can do them.

import { LRUCache } from 'lru-cache'
import type { EndpointReport } from '../src/fleet/touch-worker.ts'
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
  failuresInRow: number
  failures: number
  closedUntil: number
  isBroken: boolean
  seconds: number[]
}

/** How a call ended, as far as it says something about the endpoint. `neutral`: aborted, or our own fault. */
export type CallOutcome =
  | { type: 'answered'; seconds: number }
  | { type: 'busy'; retryAfterMs: number | null }
  | { type: 'failed' }
  | { type: 'neutral' }

/** One call's place at an endpoint. `free` counts once; the slot is free from then on. */
export type Slot = { endpoint: PoolEndpoint; free(outcome: CallOutcome): void }

export type EndpointPool = ReturnType<typeof makeEndpointPool>

const BREAK_AFTER = 2
const BUSY_MS = 1_000
const MAX_BUSY_MS = 30_000
const PROBE_MS = 5_000
const PROBE_TIMEOUT_MS = 5_000
const KEPT_DURATIONS = 32

/** `isSticky`: calls of one job go to one endpoint while it has room, for its caches. `onRoom`: a slot may be free. */
export function makeEndpointPool(
  listed: readonly ListedInPool[],
  { isSticky, onRoom }: { isSticky: boolean; onRoom: () => void },
) {
  const endpoints = listed.map(newEndpoint)
  const places = new LRUCache<string, string>({ max: 20_000 })
  const timers = new Set<NodeJS.Timeout>()
  const closing = new AbortController()

  function later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }

  function roomOf(endpoint: PoolEndpoint): number {
    const isOpen = endpoint.isHeld && !endpoint.isRetiring && !endpoint.isBroken && endpoint.closedUntil <= Date.now()
    return isOpen ? Math.max(0, endpoint.capacity - endpoint.inFlight) : 0
  }

  function choose(jobId: string, avoidId: string | null): PoolEndpoint | null {
    const open = endpoints.filter(endpoint => roomOf(endpoint) > 0)
    const others = open.filter(endpoint => endpoint.id !== avoidId)
    const candidates = others.length > 0 ? others : open
    const sticky = isSticky ? candidates.find(endpoint => endpoint.id === places.get(jobId)) : undefined
    return sticky ?? leastLoaded(candidates)
  }

  function settle(endpoint: PoolEndpoint, outcome: CallOutcome): void {
    switch (outcome.type) {
      case 'answered':
        endpoint.failuresInRow = 0
        endpoint.seconds = [...endpoint.seconds, outcome.seconds].slice(-KEPT_DURATIONS)
        return
      case 'busy': {
        const pauseMs = Math.min(Math.max(outcome.retryAfterMs ?? BUSY_MS, 50), MAX_BUSY_MS)
        endpoint.closedUntil = Math.max(endpoint.closedUntil, Date.now() + pauseMs)
        later(pauseMs + 1, onRoom)
        return
      }
      case 'failed':
        endpoint.failures++
        endpoint.failuresInRow++
        if (endpoint.failuresInRow >= BREAK_AFTER && !endpoint.isBroken) {
          endpoint.isBroken = true
          later(PROBE_MS, () => void probe(endpoint))
        }
        return
      case 'neutral':
        return
      default:
        outcome satisfies never
    }
  }

  async function probe(endpoint: PoolEndpoint): Promise<void> {
    try {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)])
      await endpoint.engine.probe?.(signal)
    } catch {
      if (!closing.signal.aborted) later(PROBE_MS, () => void probe(endpoint)) // still away: asked again
      return
    }
    // On trial: one more failure and it is closed again.
    endpoint.failuresInRow = BREAK_AFTER - 1
    endpoint.isBroken = false
    onRoom()
  }

  return {
    endpoints: endpoints as readonly PoolEndpoint[],
    /** Calls that could start now. */
    room: () => endpoints.reduce((sum, endpoint) => sum + roomOf(endpoint), 0),
    /** Calls that run here at once when all is well. */
    slots: () => endpoints.reduce((sum, endpoint) => sum + (endpoint.isHeld ? endpoint.capacity : 0), 0),
    /** Calls under way. */
    inFlight: () => endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0),
    /** Reserves a slot, at another endpoint than `avoidId` where there is one; null: there is no room any more. */
    take(jobId: string, avoidId: string | null): Slot | null {
      const endpoint = choose(jobId, avoidId)
      if (!endpoint) return null
      if (isSticky && !places.has(jobId)) places.set(jobId, endpoint.id)
      endpoint.inFlight++
      let isFreed = false
      return {
        endpoint,
        free(outcome) {
          if (isFreed) return
          isFreed = true
          endpoint.inFlight--
          settle(endpoint, outcome)
          onRoom()
        },
      }
    },
    /** Seconds of a usual call here; null before the first. */
    medianSeconds: () => median(endpoints.flatMap(endpoint => endpoint.seconds)),
    /** What operators see of the endpoints this worker drives. */
    reports: (): EndpointReport[] => endpoints.filter(endpoint => endpoint.isHeld).map(toReport),
    /** Says that endpoints were taken or given up. */
    announceRoom: onRoom,
    close(): void {
      closing.abort()
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function newEndpoint(listed: ListedInPool): PoolEndpoint {
  return {
    ...listed,
    isHeld: false,
    isRetiring: false,
    spareUnder: null,
    inFlight: 0,
    failuresInRow: 0,
    failures: 0,
    closedUntil: 0,
    isBroken: false,
    seconds: [],
  }
}

function leastLoaded(candidates: readonly PoolEndpoint[]): PoolEndpoint | null {
  const load = (endpoint: PoolEndpoint) => endpoint.inFlight / endpoint.capacity
  return candidates.reduce<PoolEndpoint | null>((best, next) => (best && load(best) <= load(next) ? best : next), null)
}

function toReport(endpoint: PoolEndpoint): EndpointReport {
  const { id, inFlight, failures, isBroken, seconds } = endpoint
  const health = isBroken ? 'UNHEALTHY' : seconds.length > 0 ? 'HEALTHY' : 'UNKNOWN'
  return { id, health, inFlight, failures, medianSeconds: median(seconds) }
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
