import type { ClaimedTask } from '../src/queue/task.ts'

/**
 * Why a call is ended early. `canceled`: its job is stopping. `lost`: the lease is another's. `cut`: no heartbeat got
 * through for too long. `drained`: this worker is leaving.
 */
export type AbortReason = 'canceled' | 'lost' | 'cut' | 'drained'

/** A task this process has claimed and not yet ended. The signal aborts its call, never the writing of its result. */
export type HeldTask = { readonly task: ClaimedTask; readonly signal: AbortSignal; abortReason: AbortReason | null }

/** An empty set of the tasks of this process, each from its claim until its result is written: what the heartbeat renews. */
export function makeHeldTasks() {
  const entries = new Map<string, { held: HeldTask; controller: AbortController }>()
  let onEmpty: (() => void)[] = []

  function abortWhere(reason: AbortReason, matches: (task: ClaimedTask) => boolean): void {
    for (const { held, controller } of entries.values()) {
      if (held.abortReason !== null || !matches(held.task)) continue
      held.abortReason = reason
      controller.abort(new Error(`The call was aborted: ${reason}.`, { cause: reason }))
    }
  }

  return {
    add(task: ClaimedTask): HeldTask {
      const controller = new AbortController()
      const held: HeldTask = { task, signal: controller.signal, abortReason: null }
      entries.set(task.id, { held, controller })
      return held
    },
    /** Only the entry of this very claim: the same task may have been claimed again meanwhile. */
    remove(held: HeldTask): void {
      if (entries.get(held.task.id)?.held === held) entries.delete(held.task.id)
      if (entries.size > 0) return
      for (const resolve of onEmpty) resolve()
      onEmpty = []
    },
    list(): { id: string; token: number }[] {
      return [...entries.values()].map(({ held }) => ({ id: held.task.id, token: held.task.token }))
    },
    /** Not what was claimed again since it was listed: that is another claim with another token. */
    abortClaims(claims: readonly { id: string; token: number }[], reason: AbortReason): void {
      const tokens = new Map(claims.map(({ id, token }) => [id, token]))
      abortWhere(reason, task => tokens.get(task.id) === task.token)
    },
    /** What is done for a job, or for a judge run. A judge's question about a job is none of the job's. */
    abortFor(id: string): void {
      abortWhere('canceled', task => (task.judgeRunId ?? task.jobId) === id)
    },
    abortAll(reason: AbortReason): void {
      abortWhere(reason, () => true)
    },
    /** Resolves when nothing is held. */
    whenEmpty(): Promise<void> {
      return entries.size === 0 ? Promise.resolve() : new Promise(resolve => onEmpty.push(resolve))
    },
  }
}
