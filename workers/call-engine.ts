import { EngineError, UnreadableVerdictError } from './engines/engine.ts'

/** What the engine gave, and the seconds its call took. */
export type EngineCall<T> = { answer: T; seconds: number }

/**
 * Makes one call of an engine with a total deadline. Rejects with EngineError `failed` when the deadline passes, and
 * with what the engine threw otherwise; `signal` is the task's own.
 */
export async function callEngine<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { signal, deadlineMs }: { signal: AbortSignal; deadlineMs: number },
): Promise<EngineCall<T>> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(new Error('The deadline passed.')), deadlineMs)
  const startedAt = performance.now()
  try {
    const answer = await call(AbortSignal.any([signal, deadline.signal]))
    return { answer, seconds: secondsSince(startedAt) }
  } catch (error) {
    if (error instanceof UnreadableVerdictError || signal.aborted || !deadline.signal.aborted) throw error
    const message = `The model server gave no answer within ${Math.round(deadlineMs / 1_000)} s.`
    throw new EngineError('failed', 'ENGINE_TIMED_OUT', message, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Seconds on the monotonic clock since `performance.now()` gave `startedAt`. */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000
}
