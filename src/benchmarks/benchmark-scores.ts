// What scoring gives, the same for all benchmarks, so that tables, intervals and charts need not know which it is.

import type { BenchmarkName } from './benchmark.ts'

/** A mean over some of the items. `items`: how many are in it. Null: there is nothing to take it of. */
export type Score = { name: string; title: string; value: number | null; items: number }

/** An item's own scores by name; null: it has none, because an answer is missing or cannot be read. */
export type ItemScore = { id: string; taskType: string; scores: Record<string, number> | null }

/** The scores of one selection of rounds of a run. */
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

/** Of some items: how many there are, how many have scores, and the sum and number of those by name. */
export type Sums = { items: number; scored: number; of: Map<string, { sum: number; count: number }> }

/**
 * The sums of each task type and, as `all`, of every item, each in the order of the items: one pass, because an interval takes
 * a thousand of them.
 */
export function sumByType(items: readonly ItemScore[]): { all: Sums; types: Map<string, Sums> } {
  const all = noSums()
  const types = new Map<string, Sums>()
  for (const { taskType, scores } of items) {
    const type = types.get(taskType) ?? noSums()
    types.set(taskType, type)
    add(all, scores)
    add(type, scores)
  }
  return { all, types }
}

/** The sums of these types together. */
export function addSums(types: ReadonlyMap<string, Sums>, names: readonly string[]): Sums {
  const total = noSums()
  for (const name of names) {
    const type = types.get(name)
    total.items += type?.items ?? 0
    total.scored += type?.scored ?? 0
    for (const [score, { sum, count }] of type?.of ?? []) addTo(total.of, score, sum, count)
  }
  return total
}

/** The mean of the scores of that name; null without any. */
export function meanOfSums({ of }: Sums, name: string): number | null {
  const found = of.get(name)
  return found ? found.sum / found.count : null
}

function noSums(): Sums {
  return { items: 0, scored: 0, of: new Map() }
}

function add(sums: Sums, scores: ItemScore['scores']): void {
  sums.items += 1
  if (scores === null) return
  sums.scored += 1
  for (const name in scores) addTo(sums.of, name, scores[name] ?? 0, 1)
}

function addTo(of: Sums['of'], name: string, sum: number, count: number): void {
  const found = of.get(name)
  if (!found) of.set(name, { sum, count })
  else {
    found.sum += sum
    found.count += count
  }
}
