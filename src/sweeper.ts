import type { Logger } from 'pino'
import { sweepExports } from './exports/sweep-exports.ts'
import type { ImageDeps } from './images/image-row.ts'
import { sweepImages, sweepVariants } from './images/sweep-images.ts'

const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24

/** Removes what nobody needs any more, hourly; every process may do so. `stop` waits for a sweep that runs. */
export function startSweeper(deps: ImageDeps, log: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let sweeps = 0

  async function sweep(): Promise<void> {
    try {
      const swept = await sweepImages(deps, stopping.signal)
      const isDaily = sweeps++ % HOURS_A_DAY === 0
      const variants = isDaily ? await sweepVariants(deps) : 0
      const exports = isDaily ? await sweepExports(deps) : 0
      log.info({ ...swept, variants, exports }, 'swept what nobody needs any more')
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'sweeping failed; it is tried again in an hour')
    }
  }

  // Not at the same minute in all processes.
  const first = HOUR_MS * (0.1 + Math.random() * 0.9)
  let timer = setTimeout(function next() {
    running = sweep()
    timer = setTimeout(next, HOUR_MS)
    timer.unref()
  }, first)
  timer.unref()

  return {
    async stop() {
      clearTimeout(timer)
      stopping.abort()
      await running
    },
  }
}
