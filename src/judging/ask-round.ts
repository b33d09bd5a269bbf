import { readItem } from './judge-item.ts'
import type { JudgeQuestion, Rubric } from './rubric.ts'

/** A question with its place among the rubric's calls, from 1. */
export type AskedCall = { call: number; question: JudgeQuestion }

/**
 * What a rubric asks about a round of a job. `benchmark`: what the job's metadata has under that name. Null: nothing,
 * because the rubric is a benchmark's and the job is not of it. Pure.
 */
export function askRound(rubric: Rubric, benchmark: unknown): AskedCall[] | null {
  const item = rubric.benchmark === null ? null : readItem(benchmark)
  if (rubric.benchmark !== null && item?.name !== rubric.benchmark) return null
  const asked = rubric.calls.flatMap(({ ask }, i) => {
    const question = ask(item)
    return question === null ? [] : [{ call: i + 1, question }]
  })
  return asked.length > 0 ? asked : null
}

/** The names of the benchmark's pictures that a question shows: none of them can be left out. */
export function picturesOf({ images }: JudgeQuestion): string[] {
  return images.flatMap(image => (image.of === 'picture' ? [image.name] : []))
}
