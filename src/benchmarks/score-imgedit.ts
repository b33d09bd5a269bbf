import type { JudgedItem } from './answers.ts'
import { toItemId } from './benchmark.ts'
import {
  type BenchmarkScores,
  type ItemScore,
  meanOf,
  meanOfSums,
  type Score,
  sumByType,
  toBenchmarkScores,
} from './benchmark-scores.ts'
import { imgeditTypes } from './imgedit-types.ts'
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
  const [micro, macro] = (['micro', 'macro'] as const).map(kind => tabulateImgedit(items, { overall: kind }).at(-1))
  const details = [
    ...(micro ? [{ ...micro, name: 'overall.micro', title: 'Overall (mean of items)' }] : []),
    ...(macro ? [{ ...macro, name: 'overall.macro', title: 'Overall (mean of types)' }] : []),
  ]
  return toBenchmarkScores('imgedit', items, { table: tabulateImgedit(items, { overall }), details })
}

/** The types and the overall score, the last, of items that are scored already. */
export function tabulateImgedit(items: readonly ItemScore[], { overall = 'micro' }: ImgeditSwitches = {}): Score[] {
  const { all, types } = sumByType(items.filter(({ taskType }) => known.has(taskType)))
  const scores = imgeditTypes.map((name): Score => {
    const sums = types.get(name)
    const value = sums ? rounded(meanOfSums(sums, 'overall')) : null
    return { name, title: titleOf(name), value, items: sums?.scored ?? 0 }
  })
  const mean = overall === 'micro' ? meanOfSums(all, 'overall') : meanOf(scores.flatMap(({ value }) => value ?? []))
  return [...scores, { name: 'overall', title: 'Overall', value: rounded(mean), items: all.scored }]
}

const known = new Set<string>(imgeditTypes)

function titleOf(type: string): string {
  return type === 'compose' ? 'Hybrid' : `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`
}

function rounded(value: number | null): number | null {
  return value === null ? null : roundScore(value, DIGITS)
}
