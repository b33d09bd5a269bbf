import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Postmaster } from './postmaster.ts'

const LONG_LIFE_MS = 10_000
const FIRST_DELAY_MS = 250
const LAST_DELAY_MS = 10_000

/**
 * Starts a server and starts it again whenever it ends, until stopped: at once the first time, then with growing
 * delays while it keeps dying young. Rejects if the first start fails.
 */
export async function supervise(start: () => Promise<Postmaster>, log: Logger): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController()
  let current = await start()

  async function watch(): Promise<void> {
    let failures = 0
    let startedAt = Date.now()
    for (;;) {
      await current.exited
      if (stopping.signal.aborted) return
      failures = Date.now() - startedAt > LONG_LIFE_MS ? 0 : failures + 1
      log.error('PostgreSQL ended unexpectedly, starting it again')
      const restarted = await restart()
      if (!restarted) return
      current = restarted
      if (stopping.signal.aborted) return
      startedAt = Date.now()
      log.info({ failures }, 'PostgreSQL is back')
    }

    async function restart(): Promise<Postmaster | null> {
      for (; ; failures++) {
        const delayMs = failures > 1 ? Math.min(FIRST_DELAY_MS * 2 ** (failures - 2), LAST_DELAY_MS) : 0
        await delay(delayMs, undefined, { signal: stopping.signal }).catch(() => {})
        if (stopping.signal.aborted) return null
        try {
          return await start()
        } catch (error) {
          log.error({ err: error }, 'PostgreSQL cannot be started again yet')
        }
      }
    }
  }

  const watching = watch()
  return {
    async stop() {
      stopping.abort()
      await current.stop()
      await watching
      await current.stop() // the one that a restart under way brought up
    },
  }
}
