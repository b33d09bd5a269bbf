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
import { riseCategories, riseSubtasks } from './rise-categories.ts'

/** Where RISEBench's code and paper can be read in more ways than one. */
export type RiseSwitches = {
  /** When an item without a consistency call is complete: `paper`: never, by its script; `official`: reasoning and plausibility at 5. */
  accuracy?: 'paper' | 'official'
  /**
   * Whether an item that does not say counts as free of consistency where others do say: the scripts read the gap in the
   * table as true, so they weigh such items 0.8 and 0.2 although consistency was judged. Changes the scores, not the accuracy.
   */
  isGapFree?: boolean
}

type Answered = { consistency: number | null; reasoning: number; plausibility: number | null }

const BEST = 5
const titles: Record<string, string> = {
  temporal_reasoning: 'Temporal',
  causal_reasoning: 'Causal',
  spatial_reasoning: 'Spatial',
  logical_reasoning: 'Logical',
}

/**
 * The paper's table: the share of complete items, 0-100; one without readable answers is not complete. Details: mean score
 * 1-5 of those that could be read, the same as 0-100, and its parts (RISEBench).
 */
export function scoreRise(
  judged: readonly JudgedItem<'rise'>[],
  { accuracy = 'paper', isGapFree = false }: RiseSwitches = {},
): BenchmarkScores {
  const hasFlags = judged.some(({ facts }) => (facts.consistencyFree ?? null) !== null)
  const items = judged.map((item): ItemScore => {
    const place = { id: toItemId(item), taskType: item.taskType }
    const answered = toAnswered(item)
    if (answered === null) return { ...place, scores: null }
    const flag = item.facts.consistencyFree ?? null
    const isFree = flag === null ? isGapFree && hasFlags : flag === true
    const score = scoreOf(item, answered, isFree)
    if (score === null) return { ...place, scores: null }
    const parts = Object.entries(answered).filter(([, value]) => value !== null)
    const complete = isComplete(item, answered, accuracy) ? 1 : 0
    return { ...place, scores: { ...Object.fromEntries(parts), score, complete } }
  })
  const subtaskOf = new Map(judged.map(item => [toItemId(item), item.facts.subtask]))
  const subtasks = riseSubtasks.map(({ prefix, subtask }) => ({
    ...{ name: subtask, title: `${prefix}-${subtask}` },
    sums: sumByType(items.filter(({ id }) => subtaskOf.get(id) === subtask)).all,
  }))
  return toBenchmarkScores('rise', items, {
    table: tabulateRise(items),
    details: [
      ...setsOf(items).flatMap(set => [...scoresOf(set), ...partsOf(set)]),
      ...subtasks
        .filter(({ sums }) => sums.items > 0)
        .flatMap(set => [...scoresOf(set), withName(accuracyOf(set), 'accuracy')]),
    ],
  })
}

/** The accuracy of the categories and of all, the last, of items that are scored already. */
export function tabulateRise(items: readonly ItemScore[]): Score[] {
  return setsOf(items).map(accuracyOf)
}

function setsOf(items: readonly ItemScore[]): ItemSet[] {
  const { all, types } = sumByType(items)
  const categories = riseCategories.map(name => {
    return { name, title: titles[name] ?? name, sums: addSums(types, [name]) }
  })
  return [...categories, { name: 'overall', title: 'Overall', sums: all }]
}

/** Null where an answer is missing that was to be given. Logical answers are 0 or 1, which count 1 and 5. */
function toAnswered({ taskType, facts, answers }: JudgedItem<'rise'>): Answered | null {
  const isLogical = taskType === 'logical_reasoning'
  const { consistency, reasoning, plausibility } = answers
  const isAsked = (facts.consistencyFree ?? null) === null
  if (!reasoning || (isAsked && !consistency) || (!isLogical && !plausibility)) return null
  const read = (score: number) => (isLogical ? 4 * Math.min(score, 1) + 1 : score)
  return {
    consistency: isAsked && consistency ? read(consistency.score) : null,
    reasoning: read(reasoning.score),
    plausibility: isLogical ? null : (plausibility?.score ?? null),
  }
}

function scoreOf({ taskType }: JudgedItem<'rise'>, answered: Answered, isFree: boolean): number | null {
  const weighed = weigh(taskType, answered, isFree)
  if (weighed === null) return null
  return answered.reasoning === 1 ? Math.max(1, weighed * 0.5) : weighed
}

function weigh(taskType: string, { consistency, reasoning, plausibility }: Answered, isFree: boolean): number | null {
  if (taskType === 'logical_reasoning') return consistency === null ? null : 0.3 * consistency + 0.7 * reasoning
  if (plausibility === null) return null
  if (isFree) return 0.2 * plausibility + 0.8 * reasoning
  return consistency === null ? null : 0.3 * consistency + 0.5 * reasoning + 0.2 * plausibility
}

function isComplete(
  { taskType }: JudgedItem<'rise'>,
  { consistency, reasoning, plausibility }: Answered,
  accuracy: 'paper' | 'official',
): boolean {
  const isConsistent = consistency === BEST || (consistency === null && accuracy === 'official')
  return isConsistent && reasoning === BEST && (taskType === 'logical_reasoning' || plausibility === BEST)
}

type ItemSet = { name: string; title: string; sums: Sums }

function accuracyOf({ name, title, sums }: ItemSet): Score {
  const complete = sums.of.get('complete')?.sum ?? 0
  return { name, title, value: sums.items === 0 ? null : (complete / sums.items) * 100, items: sums.items }
}

function scoresOf(set: ItemSet): Score[] {
  const score = partOf(set, 'score', 'score')
  const percentage = score.value === null ? null : 25 * (score.value - 1)
  return [score, { ...score, name: `${set.name}.percentage`, title: `${set.title} score in %`, value: percentage }]
}

function partsOf(set: ItemSet): Score[] {
  return [
    partOf(set, 'reasoning', 'reasoning'),
    partOf(set, 'consistency', 'consistency'),
    partOf(set, 'plausibility', 'plausibility'),
  ]
}

function partOf({ name, title, sums }: ItemSet, part: string, label: string): Score {
  const items = sums.of.get(part)?.count ?? 0
  return { name: `${name}.${part}`, title: `${title} ${label}`, value: meanOfSums(sums, part), items }
}

function withName(score: Score, part: string): Score {
  return { ...score, name: `${score.name}.${part}`, title: `${score.title} ${part}` }
}
