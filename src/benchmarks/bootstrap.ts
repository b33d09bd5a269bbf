import { deriveSeed, maxSeed } from '../loop/seed.ts'
import type { ItemScore, Score } from './benchmark-scores.ts'

/** Where a score would lie with other items of the same kind, `level` of the times. */
export type Interval = { low: number; high: number }

/** `resamples`: how often the items are drawn again; `level`: the share of the draws that an interval holds, 0 to 1. */
export type BootstrapOptions = { resamples?: number; level?: number; seed?: number }

/**
 * Percentile intervals (Efron & Tibshirani 1993, chapter 13) of each score, by its name: the items are drawn again with
 * replacement, within each task type as many as there are, because a benchmark fixes those numbers. The same seed gives the same
 * intervals. A score that is null in any resample, or has fewer than two items, has none.
 */
export function bootstrapScores(
  items: readonly ItemScore[],
  tabulate: (items: readonly ItemScore[]) => Score[],
  { resamples = 1_000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): Map<string, Interval> {
  const strata = toStrata(items)
  const random = seededRandom(seed)
  const drawn = new Map<string, number[]>()
  const listOf = (name: string) => {
    const values = drawn.get(name) ?? []
    drawn.set(name, values)
    return values
  }
  for (let resample = 0; resample < resamples; resample++) {
    const sample = strata.flatMap(stratum =>
      stratum.map(item => stratum[Math.floor(random() * stratum.length)] ?? item),
    )
    for (const { name, value, items: count } of tabulate(sample)) {
      if (value !== null && count > 1) listOf(name).push(value)
    }
  }
  const whole = [...drawn].filter(([, values]) => values.length === resamples)
  return new Map(whole.map(([name, values]) => [name, toInterval(values, level)]))
}

function toStrata(items: readonly ItemScore[]): ItemScore[][] {
  const strata = new Map<string, ItemScore[]>()
  for (const item of items) strata.set(item.taskType, [...(strata.get(item.taskType) ?? []), item])
  return [...strata.values()]
}

function toInterval(values: number[], level: number): Interval {
  const sorted = values.sort((a, b) => a - b)
  return { low: quantile(sorted, (1 - level) / 2), high: quantile(sorted, (1 + level) / 2) }
}

/** Between two values by their distance, as numpy and R (type 7) have it. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

function seededRandom(seed: number): () => number {
  let drawn = 0
  return () => deriveSeed(seed, 2, 0, ++drawn) / (maxSeed + 1)
}
