import type { JudgedItem } from './answers.ts'
import { toItemId } from './benchmark.ts'
import {
  addSums,
  type BenchmarkScores,
  type ItemScore,
  meanOf,
  meanOfSums,
  type Score,
  sumByType,
  toBenchmarkScores,
} from './benchmark-scores.ts'
import { geditGroups } from './gedit-groups.ts'

/** `subset`: only the items that both languages can be asked about (the authors' Intersection_exist). `language`: only those. */
export type GeditSwitches = {
  subset?: 'full' | 'intersection'
  language?: 'en' | 'cn'
  /** `all`: without items in one of the 11 groups there is no mean, as in the script; `present`: of the groups there are. */
  groups?: 'all' | 'present'
}

const parts = [
  { name: 'semantic', title: 'G_SC' },
  { name: 'quality', title: 'G_PQ' },
  { name: 'overall', title: 'G_O' },
] as const

/**
 * Of an item each score is the least of its list, and the overall score sqrt(semantic x quality), 0-10 (Step1X-Edit, GEdit-Bench).
 * Of a group the mean of its items; of all the unweighted mean of the groups.
 */
export function scoreGedit(
  judged: readonly JudgedItem<'gedit'>[],
  { subset = 'full', language, groups = 'all' }: GeditSwitches = {},
): BenchmarkScores {
  const chosen = judged.filter(
    item =>
      (subset === 'full' || item.facts.isIntersection === true) &&
      (language === undefined || item.language === language),
  )
  const items = chosen.map(toItemScore)
  const { types } = sumByType(items)
  const details = geditGroups.flatMap(group =>
    parts.map(({ name, title }): Score => {
      const sums = addSums(types, [group])
      return { name: `${group}.${name}`, title: `${group} ${title}`, value: meanOfSums(sums, name), items: sums.scored }
    }),
  )
  return toBenchmarkScores('gedit', items, { table: tabulateGedit(items, { groups }), details })
}

/** G_SC, G_PQ and G_O of items that are scored already. */
export function tabulateGedit(items: readonly ItemScore[], { groups = 'all' }: GeditSwitches = {}): Score[] {
  const { types } = sumByType(items)
  const sums = geditGroups.map(group => addSums(types, [group]))
  const count = sums.reduce((sum, { scored }) => sum + scored, 0)
  return parts.map(({ name, title }) => {
    const present = sums.flatMap(group => meanOfSums(group, name) ?? [])
    const isWhole = present.length === geditGroups.length || groups === 'present'
    return { name, title, value: isWhole ? meanOf(present) : null, items: count }
  })
}

function toItemScore(item: JudgedItem<'gedit'>): ItemScore {
  const { semantic, quality } = item.answers
  const place = { id: toItemId(item), taskType: item.taskType }
  if (semantic === null || quality === null) return { ...place, scores: null }
  const [least, cleanest] = [Math.min(...semantic.scores), Math.min(...quality.scores)]
  // Numbers below 0, which no question asks for, have no such mean.
  const overall = Math.sqrt(least * cleanest)
  return { ...place, scores: Number.isNaN(overall) ? null : { semantic: least, quality: cleanest, overall } }
}
