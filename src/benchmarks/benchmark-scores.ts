// What scoring gives, the same for all benchmarks, so that tables, intervals and charts need not know which it is.

import type { BenchmarkName } from './benchmark.ts'

/** A mean over some of the items. `items`: how many are in it. Null: there is nothing to take it of. */
export type Score = { name: string; title: string; value: number | null; items: number }

/** An item's own scores by name; null: it has none, because an answer is missing or cannot be read. */
export type ItemScore = { id: string; taskType: string; scores: Record<string, number> | null }

export type BenchmarkScores = {
  benchmark: BenchmarkName
  /** The columns of the paper's table, in its order. */
  table: Score[]
  /** Everything else that the published scripts print, such as the parts of each category. */
  details: Score[]
  items: ItemScore[]
  /** The ids of the items that have no score. */
  failed: string[]
}

/** The mean of numbers, added up in their order; null without any. */
export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The scores with the failed items named. */
export function toBenchmarkScores(
  benchmark: BenchmarkName,
  items: ItemScore[],
  { table, details }: Pick<BenchmarkScores, 'table' | 'details'>,
): BenchmarkScores {
  const failed = items.filter(({ scores }) => scores === null).map(({ id }) => id)
  return { benchmark, table, details, items, failed }
}
