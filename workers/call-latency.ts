import type { Stage } from '../src/queue/task.ts'

/** The durations of the last answered calls, by stage, in seconds. */
export type CallLatency = {
  add(stage: Stage, seconds: number): void
  /** Of all stages together; null before the first call. */
  medianSeconds(): number | null
  /** Of one stage, or the longest of all of them; null while no stage has enough calls to tell. */
  p95Seconds(stage?: Stage): number | null
}

/** Fewer say nothing about the slowest of twenty. */
const ENOUGH = 20

/** Remembers `kept` calls of each stage. Kept in order, for every claim, heartbeat and waiting call asks. */
export function makeCallLatency(kept: number): CallLatency {
  const all: number[] = []
  const stages = new Map<Stage, { arrived: number[]; sorted: number[] }>()
  return {
    add(stage, seconds) {
      const { arrived, sorted } = stages.get(stage) ?? { arrived: [], sorted: [] }
      stages.set(stage, { arrived, sorted })
      arrived.push(seconds)
      for (const values of [sorted, all]) values.splice(placeOf(values, seconds), 0, seconds)
      const oldest = arrived.length > kept ? arrived.shift() : undefined
      if (oldest === undefined) return
      for (const values of [sorted, all]) values.splice(placeOf(values, oldest), 1)
    },
    medianSeconds: () => quantile(all, 0.5),
    p95Seconds(stage) {
      if (stage !== undefined) return p95(stages.get(stage)?.sorted ?? [])
      const known = [...stages.values()].map(({ sorted }) => p95(sorted)).filter(seconds => seconds !== null)
      return known.length > 0 ? Math.max(...known) : null
    },
  }
}

function p95(sorted: readonly number[]): number | null {
  return sorted.length < ENOUGH ? null : quantile(sorted, 0.95)
}

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

/** Where the first value that is not smaller stands. */
function placeOf(sorted: readonly number[], value: number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((sorted[middle] ?? value) < value) from = middle + 1
    else to = middle
  }
  return from
}
