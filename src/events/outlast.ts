import { setTimeout as sleep } from 'node:timers/promises'
import { isConnectionError } from '../db.ts'

const FIRST_DELAY_MS = 50
const LAST_DELAY_MS = 1_000

/**
 * Runs a read again until the database answers it: what a reader waits for is still there after an outage. Throws what
 * is no connection error, and the connection error itself once `signal` aborts or `limitMs` have passed.
 */
export async function outlast<Result>(
  read: () => Promise<Result>,
  { signal, limitMs = Number.POSITIVE_INFINITY }: { signal: AbortSignal; limitMs?: number },
): Promise<Result> {
  const giveUpAt = Date.now() + limitMs
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LAST_DELAY_MS)) {
    try {
      return await read()
    } catch (error) {
      if (!isConnectionError(error) || signal.aborted || Date.now() + delayMs > giveUpAt) throw error
      await sleep(delayMs, undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
}
