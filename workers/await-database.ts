import { setTimeout as delay } from 'node:timers/promises'
import { isConnectionError, isSerializationFailure } from '../src/db.ts'

const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 1_000
const LIMIT_MS = 120_000

/**
 * Runs a transaction until the database answers: an engine's result is worth more than the seconds an outage takes.
 * Only for work that changes nothing when it is repeated after a commit whose answer was lost (the fence sees to it).
 * Gives up after two minutes, when `isGivenUp` says so, and at any other error.
 */
export async function awaitDatabase<T>(work: () => Promise<T>, isGivenUp: () => boolean = () => false): Promise<T> {
  const until = performance.now() + LIMIT_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      const mayPass = isConnectionError(error) || isSerializationFailure(error)
      if (!mayPass || isGivenUp() || performance.now() > until) throw error
    }
    await delay(pauseMs * (0.5 + Math.random()))
  }
}
