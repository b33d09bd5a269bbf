import type { CallName } from '../benchmarks/answers.ts'
import type { BenchmarkName } from '../benchmarks/benchmark.ts'
import { callsOf } from '../benchmarks/calls-of.ts'
import { parseAnswer } from '../benchmarks/parse-answer.ts'
import type { JudgeItem } from './judge-item.ts'
import type { JudgeImage, JudgePreparation, JudgeQuestion, Measured, Rubric } from './rubric.ts'

/** What tells one call about an item from another. `template`: the name of its text. */
type BenchmarkCall = {
  template: string
  fields: Record<string, string>
  images: JudgeImage[]
  preparation: JudgePreparation
}

/** What tells a benchmark's rubric from another. `calls`: every name there is, in the order of their answers' numbers. */
export type BenchmarkRubric = Pick<Rubric, 'templates' | 'toScores'> &
  Pick<JudgeQuestion, 'instructionMarks' | 'temperature' | 'maxTokens'> & {
    benchmark: BenchmarkName
    calls: readonly CallName[]
    describe(call: CallName, item: JudgeItem): BenchmarkCall
    /** What the builtin critic answers, in the form that is asked for. */
    write(call: CallName, item: JudgeItem, measured: Measured): string
  }

/** The rubric of a benchmark: its calls are those of callsOf, its answers are read by parseAnswer. */
export function makeBenchmarkRubric(given: BenchmarkRubric): Rubric {
  const { benchmark, calls, templates, instructionMarks, temperature, maxTokens, describe, write, toScores } = given
  return {
    ...{ id: benchmark, benchmark, templates, toScores },
    calls: calls.map(name => ({
      name,
      ask(item) {
        if (item === null || !callsOf(benchmark, item).includes(name)) return null
        const { template: templateName, fields, images, preparation } = describe(name, item)
        const template = templates[templateName]
        if (template === undefined) return null
        const place = { benchmark, call: name, taskType: item.taskType, facts: item.facts }
        return {
          ...{ template, templateName, fields, images, preparation },
          ...{ instructionMarks, temperature, maxTokens },
          read: ({ text, isCut }) => (isCut ? null : parseAnswer(place, text)),
          write: measured => write(name, item, measured),
        }
      },
    })),
  }
}

/** A score from 0 to 10 as a whole number from 1 to 5. */
export function toFive(score: number): number {
  return 1 + Math.round((score / 10) * 4)
}

/** A fact that is a text; '' where it is none. */
export function textFact({ facts }: JudgeItem, name: string): string {
  const fact = facts[name]
  return typeof fact === 'string' ? fact : ''
}
