import type { Logger } from 'pino'
import type { Db } from '../src/db.ts'
import { countSlots } from '../src/fleet/count-slots.ts'
import { countUnstarted } from '../src/queue/queue-depths.ts'

const JOBS_PER_SLOT = 6
const QUIET_SECONDS = 30
const REFRESH_MS = 1_000

/**
 * Tells whether a queue is closing: few unstarted jobs are left (6 for each slot of the fleet, or none) and none has come
 * for 30 s. Then those start first and early rounds go before later ones, or the tail would run on an emptying fleet;
 * never under steady arrivals. The answer is
 * the last known one and is refreshed beside it, at most once a second.
 */
export function makeClosingRule(db: Db, { queue, modelId, log }: { queue: string; modelId: string; log: Logger }) {
  let isClosing = false
  let refreshedAt = Number.NEGATIVE_INFINITY

  async function refresh(): Promise<void> {
    try {
      const [{ unstarted, secondsSinceSubmit }, slots] = await Promise.all([
        countUnstarted(db, queue),
        countSlots(db, modelId),
      ])
      isClosing = decideClosing({ unstarted, secondsSinceSubmit, slots })
    } catch (error) {
      isClosing = false
      log.debug({ err: error }, 'the unstarted jobs could not be counted')
    }
  }

  return (): boolean => {
    if (performance.now() - refreshedAt >= REFRESH_MS) {
      refreshedAt = performance.now()
      void refresh()
    }
    return isClosing
  }
}

/** The rule itself. `unstarted`: jobs that wait for their first stage; `slots`: calls the fleet runs at once. */
export function decideClosing(queue: { unstarted: number; secondsSinceSubmit: number; slots: number }): boolean {
  const { unstarted, secondsSinceSubmit, slots } = queue
  return unstarted <= JOBS_PER_SLOT * slots && secondsSinceSubmit >= QUIET_SECONDS
}
