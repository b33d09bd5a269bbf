// A run of a benchmark with what its judge wrote, as it comes from the API or from a file: the input of a report.

import { z } from 'zod'
import type { AnswerRules, AnswersOf, CallName, JudgedItem } from './answers.ts'
import { type BenchmarkName, benchmarkNames, type PlainJson } from './benchmark.ts'
import { callsOf } from './calls-of.ts'
import { parseAnswer } from './parse-answer.ts'

const plainJson: z.ZodType<PlainJson> = z.json()

const roundRule = z.object({
  round: z.int().min(0),
  /** What the judge wrote, by call; null: it gave no answer. */
  answers: z.record(z.string(), z.string().nullable()),
})

const itemRule = z.object({
  key: z.string(),
  taskType: z.string(),
  language: z.enum(['en', 'cn']),
  facts: z.record(z.string(), plainJson),
  /** The rounds that made a picture, judged or not. None: the job failed before its first. */
  rounds: z.array(roundRule),
  /** The round that the loop holds to be the best; null where there is none. */
  best: z.int().min(0).nullable(),
})

/** The rule for one that comes from outside. */
export const judgedRunRule = z.object({
  benchmark: z.enum(benchmarkNames),
  editor: z.string(),
  thinker: z.string().nullable(),
  judge: z.string(),
  items: z.array(itemRule),
})

/** A benchmark's run with its judge's answers, which is all that scores are computed from. */
export type JudgedRun = z.infer<typeof judgedRunRule>
type RunItem = JudgedRun['items'][number]

/** Which picture of each item is scored; a number is the round, and an item that ended before it keeps its last picture. */
export type Selection = 'baseline' | 'last' | 'best' | number

/** The items with the answers about the chosen pictures, read by the rules. Without a picture every answer is null. */
export function selectItems<Name extends BenchmarkName>(
  { benchmark, items }: JudgedRun & { benchmark: Name },
  selection: Selection,
  rules: AnswerRules,
): JudgedItem<Name>[] {
  return items.map(({ key, taskType, language, facts, ...item }) => {
    const written = findRound(item, selection)?.answers ?? {}
    const read = (call: CallName) => {
      const text = written[call] ?? null
      return text === null ? null : parseAnswer({ benchmark, call, taskType, facts }, text, rules)
    }
    const answers = Object.fromEntries(callsOf(benchmark, { taskType, facts }).map(call => [call, read(call)]))
    // callsOf gives the calls of this benchmark and parseAnswer their answers, which the types cannot say together.
    return { key, taskType, language, facts, answers: answers as unknown as AnswersOf[Name] }
  })
}

/** The highest round of any item; 0 without one. */
export function lastRoundOf({ items }: JudgedRun): number {
  return Math.max(0, ...items.flatMap(({ rounds }) => rounds.map(({ round }) => round)))
}

function findRound({ rounds, best }: Pick<RunItem, 'rounds' | 'best'>, selection: Selection) {
  const inOrder = [...rounds].sort((a, b) => a.round - b.round)
  if (selection === 'last') return inOrder.at(-1)
  if (selection === 'best') return inOrder.find(({ round }) => round === best) ?? inOrder.at(-1)
  const upTo = selection === 'baseline' ? 1 : selection
  // An item whose source was good enough has round 0 alone.
  return inOrder.findLast(({ round }) => round <= upTo) ?? inOrder[0]
}
