// The endpoints of one queue (a model's edits or thoughts) as this process drives them. A slot is one call; an endpoint never has more than its
// capacity. A broken server gets no calls until it answers again: it would fail tasks faster than the healthy ones can do
// them.

import { LRUCache } from 'lru-cache'
import type { EndpointReport } from '../src/fleet/touch-worker.ts'
import type { ClaimedTask } from '../src/queue/task.ts'
import { decideDeadlineMs, hasObservedDeadline } from './call-deadline.ts'
import { makeCallLatency } from './call-latency.ts'
import { startHealthChecks } from './health-checks.ts'
import { type ListedInPool, newEndpoint, type PoolEndpoint, roomOf, tellBreaker, toReport } from './pool-endpoint.ts'

/** How a call ended, as far as it says something about the endpoint. `neutral`: aborted, or our own fault. */
export type CallOutcome =
  | { type: 'answered'; seconds: number }
  | { type: 'busy'; retryAfterMs: number | null }
  | { type: 'failed' | 'refused' | 'timedOut' | 'neutral' }

/**
 * One call's place at an endpoint. `free` counts once; the slot is free from then on. `deadlineMs`: how long the call may
 * take by what is known now, in milliseconds; a call that waits looks again. `hasOthers`: the model is served elsewhere too.
 */
export type Slot = {
  endpoint: PoolEndpoint
  hasOthers: boolean
  deadlineMs(): number
  free(outcome: CallOutcome): void
}

/** The task that a slot is wanted for. */
export type SlotWish = Pick<ClaimedTask, 'jobId' | 'stage' | 'lastEndpointId' | 'failures'>

/** How long calls of a model take in the whole fleet; null: nobody knows yet. */
export type UsualLatency = { medianSeconds: number | null; p95Seconds: number | null }

export type EndpointPool = ReturnType<typeof makeEndpointPool>

/** What a busy slot waits, twice as long with each busy answer in a row; a server that says how long is obeyed instead. */
const BUSY_MS = 250
const MAX_BUSY_MS = 15_000
/** A header may say anything. */
const MAX_RETRY_AFTER_MS = 10 * 60_000
const KEPT_CALLS = 256

/** `isSticky`: calls of one job go to one endpoint while it has room, for its caches. `onRoom`: a slot may be free. */
export function makeEndpointPool(
  listed: readonly ListedInPool[],
  { isSticky, onRoom }: { isSticky: boolean; onRoom: () => void },
) {
  const endpoints = listed.map(newEndpoint)
  const places = new LRUCache<string, string>({ max: 20_000 })
  const timers = new Set<NodeJS.Timeout>()
  const latency = makeCallLatency(KEPT_CALLS)
  let usual: UsualLatency = { medianSeconds: null, p95Seconds: null }
  const checks = startHealthChecks(endpoints, onRoom)

  function later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }

  function choose({ jobId, lastEndpointId }: SlotWish): PoolEndpoint | null {
    const open = endpoints.filter(endpoint => roomOf(endpoint) > 0)
    const others = open.filter(endpoint => endpoint.id !== lastEndpointId)
    const candidates = others.length > 0 ? others : open
    const sticky = isSticky ? candidates.find(endpoint => endpoint.id === places.get(jobId)) : undefined
    return sticky ?? leastLoaded(candidates)
  }

  function deadlineOf(endpoint: PoolEndpoint, { stage, failures }: SlotWish): number {
    const { deadlineMs: configuredMs } = endpoint.model
    if (!hasObservedDeadline(endpoint.model)) return configuredMs
    const p95Seconds = endpoint.latency.p95Seconds(stage) ?? latency.p95Seconds(stage) ?? usual.p95Seconds
    return decideDeadlineMs({ configuredMs, p95Seconds, failures })
  }

  function settle(endpoint: PoolEndpoint, wish: SlotWish, outcome: CallOutcome): void {
    if (outcome.type !== 'busy') endpoint.busyInRow = 0
    switch (outcome.type) {
      case 'answered':
        endpoint.latency.add(wish.stage, outcome.seconds)
        latency.add(wish.stage, outcome.seconds)
        tellBreaker(endpoint, 'answered')
        return
      case 'busy':
        rest(endpoint, outcome.retryAfterMs)
        return
      case 'refused':
      case 'failed':
        tellBreaker(endpoint, outcome.type)
        return
      case 'timedOut':
        tellBreaker(endpoint, 'failed')
        endpoint.isSuspect = endpoint.engine.probe !== null
        return
      case 'neutral':
        return
      default:
        outcome satisfies never
    }
  }

  // Without a word of how long, the one slot waits: the others may well be served, and their answers tell.
  function rest(endpoint: PoolEndpoint, retryAfterMs: number | null): void {
    const restMs = Math.min(BUSY_MS * 2 ** endpoint.busyInRow++, MAX_BUSY_MS)
    if (retryAfterMs === null) {
      endpoint.resting++
      later(restMs, () => {
        endpoint.resting--
        onRoom()
      })
      return
    }
    const pauseMs = Math.min(Math.max(retryAfterMs, 50), MAX_RETRY_AFTER_MS)
    endpoint.closedUntil = Math.max(endpoint.closedUntil, Date.now() + pauseMs)
    later(pauseMs + 1, onRoom)
  }

  return {
    endpoints: endpoints as readonly PoolEndpoint[],
    /** Calls that could start now. */
    room: () => endpoints.reduce((sum, endpoint) => sum + roomOf(endpoint), 0),
    /** Calls that run here at once when all is well. */
    slots: () => endpoints.reduce((sum, endpoint) => sum + (endpoint.isHeld ? endpoint.capacity : 0), 0),
    /** Calls under way. */
    inFlight: () => endpoints.reduce((sum, endpoint) => sum + endpoint.inFlight, 0),
    /** Reserves a slot, at another endpoint than the task's last where there is one; null: there is no room any more. */
    take(wish: SlotWish): Slot | null {
      const endpoint = choose(wish)
      if (!endpoint) return null
      if (isSticky && !places.has(wish.jobId)) places.set(wish.jobId, endpoint.id)
      endpoint.inFlight++
      let isFreed = false
      return {
        endpoint,
        hasOthers: endpoints.length > 1,
        deadlineMs: () => deadlineOf(endpoint, wish),
        free(outcome) {
          if (isFreed) return
          isFreed = true
          endpoint.inFlight--
          settle(endpoint, wish, outcome)
          onRoom()
        },
      }
    },
    /** Takes over what the whole fleet knows of the model: it holds until this worker has made calls of its own. */
    learn(known: UsualLatency): void {
      usual = known
    },
    /** Seconds of a usual call here, else in the whole fleet; null before the first. */
    medianSeconds: () => latency.medianSeconds() ?? usual.medianSeconds,
    /** What operators see of the endpoints this worker drives. */
    reports: (): EndpointReport[] => endpoints.filter(endpoint => endpoint.isHeld).map(toReport),
    /** Says that endpoints were taken or given up. */
    announceRoom: onRoom,
    close(): void {
      checks.close()
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function leastLoaded(candidates: readonly PoolEndpoint[]): PoolEndpoint | null {
  const load = (endpoint: PoolEndpoint) => endpoint.inFlight / endpoint.capacity
  return candidates.reduce<PoolEndpoint | null>((best, next) => (best && load(best) <= load(next) ? best : next), null)
}
