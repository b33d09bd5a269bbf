import type { JudgedItem } from './answers.ts'
import { toItemId } from './benchmark.ts'
import { type BenchmarkScores, type ItemScore, meanOf, type Score, toBenchmarkScores } from './benchmark-scores.ts'
import { imgeditTypes } from './load-imgedit.ts'
import { roundScore } from './round-score.ts'

/** `micro`: over all items, as the paper's script prints it; `macro`: over the nine types, as the authors' own tables have it. */
export type ImgeditSwitches = { overall?: 'micro' | 'macro' }

const DIGITS = 2

/**
 * Of an item the mean of its scores, of a type the mean of its items, 1-5, each rounded to two decimals before it goes on
 * (PKU-YuanGroup/ImgEdit, Basic). Overall: of the items, or of the types.
 */
export function scoreImgedit(
  judged: readonly JudgedItem<'imgedit'>[],
  { overall = 'micro' }: ImgeditSwitches = {},
): BenchmarkScores {
  const items = judged.map((item): ItemScore => {
    const place = { id: toItemId(item), taskType: item.taskType }
    const score = rounded(meanOf(item.answers.rating?.scores.map(({ score }) => score) ?? []))
    return { ...place, scores: score === null ? null : { overall: score } }
  })
  const types = imgeditTypes.map(name => scoreOf(items, name))
  const means = { micro: toMicroMean(types, items), macro: toMacroMean(types) }
  const count = types.reduce((sum, type) => sum + type.items, 0)
  const toOverall = (kind: 'micro' | 'macro') => ({ value: means[kind], items: count })
  return toBenchmarkScores('imgedit', items, {
    table: [...types, { name: 'overall', title: 'Overall', ...toOverall(overall) }],
    details: [
      { name: 'overall.micro', title: 'Overall (mean of items)', ...toOverall('micro') },
      { name: 'overall.macro', title: 'Overall (mean of types)', ...toOverall('macro') },
    ],
  })
}

/** The mean of the types that have items. */
export function toMacroMean(types: readonly Pick<Score, 'value'>[]): number | null {
  return rounded(meanOf(types.flatMap(({ value }) => value ?? [])))
}

function toMicroMean(types: readonly Score[], items: readonly ItemScore[]): number | null {
  const known = new Set(types.map(({ name }) => name))
  return rounded(meanOf(items.flatMap(item => (known.has(item.taskType) ? (item.scores?.overall ?? []) : []))))
}

const titles: Record<string, string> = { compose: 'Hybrid' }

function scoreOf(items: readonly ItemScore[], name: string): Score {
  const values = items.flatMap(item => (item.taskType === name ? (item.scores?.overall ?? []) : []))
  const title = titles[name] ?? `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  return { name, title, value: rounded(meanOf(values)), items: values.length }
}

function rounded(value: number | null): number | null {
  return value === null ? null : roundScore(value, DIGITS)
}
