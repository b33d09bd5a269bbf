import { busyLimitMs, type ClaimedTask, maxFailures } from './task.ts'

/** How a call failed, as far as it matters for whether it is made again. */
export type RetryCause = { kind: 'rejected' | 'busy' | 'failed' | 'uncertain'; retryAfterMs: number | null }

/**
 * What follows a failed call. `isFinal`: it can never work, or must not be repeated. `isUsedUp`: this was its last counted
 * failure. `isExpired`: it was busy for too long. Otherwise it waits `delayMs`.
 */
export type Retry = { failures: number; isFinal: boolean; isUsedUp: boolean; isExpired: boolean; delayMs: number }

const BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
/** How often a busy server is asked at least: its other callers come and go. */
const MAX_BUSY_BACKOFF_MS = 15_000

/**
 * A growing, jittered delay, or the end: at once when rejected or uncertain, after 5 counted failures, or 30 minutes after
 * the first attempt when always busy.
 */
export function planRetry(task: ClaimedTask, { kind, retryAfterMs }: RetryCause): Retry {
  const failures = task.failures + (kind === 'failed' ? 1 : 0)
  const busyMsLeft = busyLimitMs - (Date.now() - task.firstClaimedAt.getTime())
  // Busy answers are not counted as failures, so their delay grows with the claims.
  const backoffMs =
    kind === 'busy'
      ? Math.min(BACKOFF_MS * 2 ** Math.max(failures, task.token - 1), MAX_BUSY_BACKOFF_MS)
      : Math.min(BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS)
  return {
    failures,
    isFinal: kind === 'rejected' || kind === 'uncertain',
    isUsedUp: kind === 'failed' && failures >= maxFailures,
    isExpired: kind === 'busy' && busyMsLeft <= 0,
    // What a server asks for is honoured up to the end of the task's patience: a header may say anything.
    delayMs: Math.max(backoffMs * (0.5 + Math.random()), Math.min(retryAfterMs ?? 0, busyMsLeft)),
  }
}
