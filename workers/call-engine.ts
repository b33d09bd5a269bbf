import { EngineError, UnreadableVerdictError } from './engines/engine.ts'

/** What the engine gave, and the seconds its call took. */
export type EngineCall<T> = { answer: T; seconds: number }

/** The code of a call that ran into its deadline. */
export const timedOutCode = 'ENGINE_TIMED_OUT'

/** A deadline may come nearer while a call waits, as others tell how long one takes: so often it is looked at. */
const LOOK_EVERY_MS = 500

/** A look so late says that this process stood still: of the time since the last one, half of what was meant counts. */
const LATE_MS = 50

/**
 * Makes one call of an engine with a total deadline. Rejects with EngineError `failed` when the deadline passes, and
 * with what the engine threw otherwise; `signal` is the task's own. Time in which this process stood still (stopped,
 * starved, its loop blocked) is not held against the server, whose answer may have come meanwhile and lie unread.
 */
export async function callEngine<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { signal, deadlineMs }: { signal: AbortSignal; deadlineMs: () => number },
): Promise<EngineCall<T>> {
  const deadline = new AbortController()
  const startedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  let usedMs = 0
  const look = (dueAt: number, waitedMs: number) => {
    const lateMs = performance.now() - dueAt
    usedMs += lateMs > LATE_MS ? waitedMs / 2 : waitedMs + lateMs
    const leftMs = deadlineMs() - usedMs
    if (leftMs <= 0) return deadline.abort(new Error('The deadline passed.'))
    const waitMs = Math.ceil(Math.min(leftMs, LOOK_EVERY_MS))
    timer = setTimeout(look, waitMs, performance.now() + waitMs, waitMs)
  }
  look(startedAt, 0)
  try {
    const answer = await call(AbortSignal.any([signal, deadline.signal]))
    return { answer, seconds: secondsSince(startedAt) }
  } catch (error) {
    if (error instanceof UnreadableVerdictError || signal.aborted || !deadline.signal.aborted) throw error
    const message = `The model server gave no answer within ${Math.round(secondsSince(startedAt))} s.`
    throw new EngineError('failed', timedOutCode, message, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Seconds on the monotonic clock since `performance.now()` gave `startedAt`. */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000
}
