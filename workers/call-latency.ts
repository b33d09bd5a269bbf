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

/** Remembers `kept` calls of each stage. */
export function makeCallLatency(kept: number): CallLatency {
  const samples = new Map<Stage, number[]>()
  return {
    add(stage, seconds) {
      samples.set(stage, [...(samples.get(stage) ?? []), seconds].slice(-kept))
    },
    medianSeconds: () => quantile([...samples.values()].flat(), 0.5),
    p95Seconds(stage) {
      const asked = stage === undefined ? [...samples.values()] : [samples.get(stage) ?? []]
      const known = asked.filter(seconds => seconds.length >= ENOUGH).map(seconds => quantile(seconds, 0.95) ?? 0)
      return known.length > 0 ? Math.max(...known) : null
    },
  }
}

function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}
