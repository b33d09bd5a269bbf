import type { JudgedItem } from './answers.ts'
import { toItemId } from './benchmark.ts'
import { type BenchmarkScores, type ItemScore, meanOf, type Score, toBenchmarkScores } from './benchmark-scores.ts'
import { geditGroups } from './load-gedit.ts'

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
  const details = geditGroups.flatMap(group =>
    parts.map(({ name, title }) => scoreOf(items, { group, name, title: `${group} ${title}` })),
  )
  const table = parts.map(({ name, title }): Score => {
    const means = details.filter(score => score.name.endsWith(`.${name}`))
    const present = means.flatMap(({ value }) => value ?? [])
    const isWhole = present.length === geditGroups.length || groups === 'present'
    const count = means.reduce((sum, mean) => sum + mean.items, 0)
    return { name, title, value: isWhole ? meanOf(present) : null, items: count }
  })
  return toBenchmarkScores('gedit', items, { table, details })
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

function scoreOf(
  items: readonly ItemScore[],
  { group, name, title }: { group: string; name: string; title: string },
): Score {
  const values = items.flatMap(item => (item.taskType === group ? (item.scores?.[name] ?? []) : []))
  return { name: `${group}.${name}`, title, value: meanOf(values), items: values.length }
}
