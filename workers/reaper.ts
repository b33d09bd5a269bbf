import type { Logger } from 'pino'
import type { Db } from '../src/db.ts'
import { sweepFleet } from '../src/fleet/remove-worker.ts'
import { enforceDeadlines } from '../src/jobs/enforce-deadlines.ts'
import { reapTasks } from '../src/jobs/reap-tasks.ts'
import { tendJudgeRuns } from '../src/judging/tend-judge-runs.ts'
import { pruneClocks } from '../src/queue/prune-clocks.ts'
import { reapMs } from '../src/queue/task.ts'
import { wakeDelayed } from '../src/queue/wake-delayed.ts'
import { makeFallbackWatch } from './fallback-watch.ts'

const FALL_BACK_EVERY_TICKS = 3
const TEND_EVERY_TICKS = 3
const SWEEP_EVERY_TICKS = 60
const PRUNE_EVERY_TICKS = 3_600
const SOONEST_MS = 20

/**
 * The tick that every worker runs about once a second: takes back tasks whose lease ran out, wakes those whose back-off
 * has passed (to the moment, where that is sooner), ends jobs past their deadline, moves edits to fallback editors,
 * plans and ends judge runs where their own process did not. While `isSteady` is false nothing is
 * reaped: after an outage of the database the holders renew first.
 */
export function startReaper(db: Db, { isSteady, log }: { isSteady: () => boolean; log: Logger }) {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let ticks = 0
  const watchFallbacks = makeFallbackWatch(db, { log })
  let wasFailing = false

  async function reap(): Promise<void> {
    if (!isSteady()) return
    const { reclaimed, dead } = await reapTasks(db)
    if (reclaimed + dead > 0) log.warn({ reclaimed, dead }, 'tasks of a lost worker were taken back')
  }

  async function tick(): Promise<void> {
    let nextMs = reapMs * (0.75 + Math.random() / 2)
    let isFailing = false
    // Each on its own: what cannot be reaped must keep no other task asleep and no deadline from its end.
    const attempt = async (work: () => Promise<unknown>) => {
      await work().catch(error => {
        if (!wasFailing && !isFailing) log.warn({ err: error }, 'the queue could not be tended')
        isFailing = true
      })
    }
    await attempt(reap)
    await attempt(async () => {
      const { nextRunAt } = await wakeDelayed(db)
      if (nextRunAt) nextMs = Math.min(nextMs, Math.max(SOONEST_MS, nextRunAt.getTime() - Date.now()))
    })
    await attempt(() => enforceDeadlines(db))
    ticks++
    const isDue = (everyTicks: number) => ticks % everyTicks === 0 && isSteady()
    if (isDue(FALL_BACK_EVERY_TICKS)) await attempt(watchFallbacks)
    if (isDue(TEND_EVERY_TICKS)) await attempt(() => tendJudgeRuns(db))
    if (isDue(SWEEP_EVERY_TICKS)) await attempt(() => sweepFleet(db))
    if (isDue(PRUNE_EVERY_TICKS)) await attempt(() => pruneClocks(db))
    wasFailing = isFailing
    if (!isStopped) timer = setTimeout(() => (running = tick()), nextMs)
  }

  let running = tick()
  return {
    /** Ends after the tick under way. */
    async stop(): Promise<void> {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
