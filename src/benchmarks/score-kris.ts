import type { JudgedItem } from './answers.ts'
import { toItemId } from './benchmark.ts'
import {
  addSums,
  type BenchmarkScores,
  type ItemScore,
  meanOfSums,
  type Score,
  type Sums,
  sumByType,
  toBenchmarkScores,
} from './benchmark-scores.ts'
import { findKrisGroup, type KrisGroup, krisGroups } from './kris-categories.ts'

/** `temporal`: whether temporal_prediction counts. The paper leaves it out, because its editors take one picture. */
export type KrisSwitches = { temporal?: boolean }

const metrics = [
  { name: 'consistency', title: 'VC' },
  { name: 'quality', title: 'VQ' },
  { name: 'instruction', title: 'IF' },
  { name: 'knowledge', title: 'KP' },
] as const

const kinds = [
  { name: 'factual', title: 'Factual' },
  { name: 'conceptual', title: 'Conceptual' },
  { name: 'procedural', title: 'Procedural' },
] as const

/**
 * Each answer counts (score - 1) x 25, 0-100. Every mean is over all values that are in it: of a metric over the items of a
 * group, of a group, a kind of knowledge and overall over the values of all its metrics (KRIS-Bench). An item without one
 * of its scores does not count at all, as in the scripts.
 */
export function scoreKris(
  judged: readonly JudgedItem<'kris'>[],
  { temporal = false }: KrisSwitches = {},
): BenchmarkScores {
  const groups = countedGroups(temporal)
  const counted = new Set(namesIn(groups))
  const items = judged.filter(({ taskType }) => counted.has(taskType)).map(toItemScore)
  const { types } = sumByType(items)
  const details = groups.flatMap(group => [
    ...metricsOf(group).map(metric => metricOf(types, group, metric)),
    ...group.categories.flatMap(category =>
      metricsOf(group).map(metric =>
        metricOf(types, { name: category, title: category, categories: [category] }, metric),
      ),
    ),
  ])
  return toBenchmarkScores('kris', items, { table: tabulateKris(items, { temporal }), details })
}

/** The groups, the kinds of knowledge and the overall score of items that are scored already. */
export function tabulateKris(items: readonly ItemScore[], { temporal = false }: KrisSwitches = {}): Score[] {
  const groups = countedGroups(temporal)
  const { types } = sumByType(items)
  const table = kinds.flatMap(kind => {
    const members = groups.filter(({ knowledge }) => knowledge === kind.name)
    return [...members.map(group => poolOf(types, group, group.categories)), poolOf(types, kind, namesIn(members))]
  })
  return [...table, poolOf(types, { name: 'overall', title: 'Overall' }, namesIn(groups))]
}

function countedGroups(temporal: boolean): KrisGroup[] {
  return krisGroups.filter(({ name }) => temporal || name !== 'temporal')
}

function toItemScore(item: JudgedItem<'kris'>): ItemScore {
  const place = { id: toItemId(item), taskType: item.taskType }
  const { consistency, instruction, dual, quality } = item.answers
  const isDual = findKrisGroup(item.taskType)?.isKnowledgeScored === true
  const followed = isDual ? dual?.instruction : instruction?.score
  const known = isDual ? dual?.knowledge : null
  if (!consistency || !quality || followed === undefined || known === undefined) return { ...place, scores: null }
  const given = { consistency: consistency.score, quality: quality.score, instruction: followed, knowledge: known }
  const scores = Object.entries(given).flatMap(([name, score]) => (score === null ? [] : [[name, (score - 1) * 25]]))
  return { ...place, scores: Object.fromEntries(scores) }
}

type Named = { name: string; title: string }

type Types = ReadonlyMap<string, Sums>

function poolOf(types: Types, { name, title }: Named, categories: readonly string[]): Score {
  const { scored, of } = addSums(types, categories)
  const pool = [...of.values()].reduce(
    (all, { sum, count }) => ({ sum: all.sum + sum, count: all.count + count }),
    none,
  )
  return { name, title, value: pool.count === 0 ? null : pool.sum / pool.count, items: scored }
}

const none = { sum: 0, count: 0 }

function metricOf(
  types: Types,
  { name, title, categories }: Named & { categories: readonly string[] },
  metric: Named,
): Score {
  const sums = addSums(types, categories)
  const value = meanOfSums(sums, metric.name)
  return { name: `${name}.${metric.name}`, title: `${title} ${metric.title}`, value, items: sums.scored }
}

function metricsOf({ isKnowledgeScored }: KrisGroup) {
  return metrics.filter(({ name }) => isKnowledgeScored || name !== 'knowledge')
}

function namesIn(groups: readonly KrisGroup[]): string[] {
  return groups.flatMap(({ categories }) => categories)
}
