import type { FleetWatch } from './fleet/watch-fleet.ts'
import { startWorker, type Worker, type WorkerOptions } from './worker.ts'

/** Calls under way at the old fleet may take this long before they are given back: the longest deadline of an edit. */
const HANDOVER_MS = 600_000

/**
 * A worker that follows its fleet file: a change starts a second worker with the new fleet, and the first one drains,
 * handing its endpoints over as its calls end. So no call is lost and no capacity exceeded. Without `watch` it is
 * `startWorker`.
 */
export function startFleetWorker(
  options: Omit<WorkerOptions, 'workerId'> & { watch?: FleetWatch | undefined },
): Pick<Worker, 'ready' | 'stop'> {
  const { watch, log } = options
  let current = startWorker(options)
  const leaving = new Set<Worker>()
  let isStopping = false
  let changing = Promise.resolve()
  let unwatch = () => {}

  async function change(next: Worker): Promise<void> {
    try {
      await next.ready
    } catch (error) {
      log.error({ err: error }, 'the changed fleet could not be started; the fleet stays as it was')
      return next.stop({ graceMs: 0 })
    }
    const previous = current
    current = next
    leaving.add(previous)
    void previous.stop({ graceMs: HANDOVER_MS }).finally(() => leaving.delete(previous))
    log.info('the fleet has changed')
  }

  const ready = current.ready.then(() => {
    if (isStopping || !watch) return
    unwatch = watch(fleet => {
      changing = changing.then(async () => {
        if (!isStopping) await change(startWorker({ ...options, fleet }))
      })
    })
  })
  ready.catch(() => {}) // whoever awaits it gets the reason; nobody has to
  return {
    ready,
    async stop(grace = {}) {
      isStopping = true
      unwatch()
      await changing
      await Promise.all([current, ...leaving].map(worker => worker.stop(grace)))
    },
  }
}
