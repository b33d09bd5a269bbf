// Whether an endpoint may be called, by what its calls and its health checks gave. Pure: the pool tells what happened and
// keeps the time.

/**
 * `closed`: calls go through. `open`: none do. `halfOpen`: one call at a time, whose end decides. `failed`: of the last 10
 * calls, the oldest first, whether each failed. `isReachable`: false where nobody listened, so that an answered health
 * check is all it takes; a server that listens and fails has to answer a call as well.
 */
export type Breaker = {
  readonly state: 'closed' | 'open' | 'halfOpen'
  readonly failed: readonly boolean[]
  readonly isReachable: boolean
}

/**
 * `answered`, `failed`, `refused` (no connection could be made): how a call ended. `alive`, `silent`: what a health check
 * gave. `rested`: an open endpoint that cannot be checked has had its pause. A busy answer (429, 503) is none of them.
 */
export type BreakerEvent = 'answered' | 'failed' | 'refused' | 'alive' | 'silent' | 'rested'

/** How many calls it remembers. */
const WINDOW = 10
/** Half of them: it opens at this many failures, also where fewer than 10 calls were made. */
const MAX_FAILED = WINDOW / 2

export const closedBreaker: Breaker = { state: 'closed', failed: [], isReachable: true }

/** The breaker after the event. Calls that were under way when it opened change nothing until the next health check. */
export function nextBreaker(breaker: Breaker, event: BreakerEvent): Breaker {
  switch (breaker.state) {
    case 'closed':
      return whileClosed(breaker, event)
    case 'open':
      if (event === 'rested') return { ...breaker, state: 'halfOpen' }
      if (event !== 'alive') return breaker
      return breaker.isReachable ? { ...breaker, state: 'halfOpen' } : closedBreaker
    case 'halfOpen':
      if (event === 'answered') return closedBreaker
      return event === 'alive' || event === 'rested' ? breaker : opened(breaker, event)
    default:
      return breaker.state satisfies never
  }
}

function whileClosed(breaker: Breaker, event: BreakerEvent): Breaker {
  if (event === 'alive' || event === 'rested') return breaker
  if (event === 'refused' || event === 'silent') return opened(breaker, event)
  const failed = [...breaker.failed, event === 'failed'].slice(-WINDOW)
  const next: Breaker = { ...breaker, failed }
  return countFailed(next) >= MAX_FAILED ? opened(next, event) : next
}

function opened(breaker: Breaker, event: BreakerEvent): Breaker {
  return { ...breaker, state: 'open', isReachable: event !== 'refused' && event !== 'silent' }
}

/** How many of its last 10 calls failed. */
export function countFailed({ failed }: Breaker): number {
  return failed.filter(Boolean).length
}
