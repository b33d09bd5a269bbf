import type { JudgedItem } from './answers.ts'
import { toItemId } from './benchmark.ts'
import { type BenchmarkScores, type ItemScore, meanOf, type Score, toBenchmarkScores } from './benchmark-scores.ts'
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
  const groups = krisGroups.filter(({ name }) => temporal || name !== 'temporal')
  const counted = new Set(groups.flatMap(({ categories }) => categories))
  const items = judged.filter(({ taskType }) => counted.has(taskType)).map(toItemScore)
  const table = kinds.flatMap(kind => {
    const members = groups.filter(({ knowledge }) => knowledge === kind.name)
    return [...members.map(group => poolOf(items, group, group.categories)), poolOf(items, kind, namesIn(members))]
  })
  const details = groups.flatMap(group => [
    ...metricsOf(group).map(metric => metricOf(items, group, metric)),
    ...group.categories.flatMap(category =>
      metricsOf(group).map(metric =>
        metricOf(items, { name: category, title: category, categories: [category] }, metric),
      ),
    ),
  ])
  const overall = poolOf(items, { name: 'overall', title: 'Overall' }, [...counted])
  return toBenchmarkScores('kris', items, { table: [...table, overall], details })
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

function poolOf(items: readonly ItemScore[], { name, title }: Named, categories: readonly string[]): Score {
  const members = items.filter(item => item.scores !== null && categories.includes(item.taskType))
  const values = members.flatMap(({ scores }) => Object.values(scores ?? {}))
  return { name, title, value: meanOf(values), items: members.length }
}

function metricOf(
  items: readonly ItemScore[],
  { name, title, categories }: Named & { categories: readonly string[] },
  metric: Named,
): Score {
  const values = items.flatMap(item => (categories.includes(item.taskType) ? (item.scores?.[metric.name] ?? []) : []))
  return {
    name: `${name}.${metric.name}`,
    title: `${title} ${metric.title}`,
    value: meanOf(values),
    items: values.length,
  }
}

function metricsOf({ isKnowledgeScored }: KrisGroup) {
  return metrics.filter(({ name }) => isKnowledgeScored || name !== 'knowledge')
}

function namesIn(groups: readonly KrisGroup[]): string[] {
  return groups.flatMap(({ categories }) => categories)
}
