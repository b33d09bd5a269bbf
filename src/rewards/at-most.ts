import { setTimeout as sleep } from 'node:timers/promises'

/** What the work gives, or null once `ms` have passed; the work itself goes on. */
export async function atMost<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const stop = new AbortController()
  const late = sleep(Math.max(0, ms), null, { signal: stop.signal, ref: false })
  late.catch(() => {}) // stopped, because the work was done first
  try {
    return await Promise.race([work, late])
  } finally {
    stop.abort()
  }
}
