// A rubric says what a judge is asked about a round and how the answers are read. It is data and pure functions: a
// benchmark adds its own with prompts and scoring, and nothing else of judging has to know.

import type { BenchmarkName } from '../benchmarks/benchmark.ts'
import type { JudgeItem } from './judge-item.ts'
import { overallRubric } from './overall-rubric.ts'
import { geditRubric } from './rubrics/gedit.ts'
import { imgeditRubric } from './rubrics/imgedit.ts'
import { krisRubric } from './rubrics/kris.ts'
import { riseRubric } from './rubrics/rise.ts'

/**
 * A picture of a question. `references` are those the editor was given, all in their order or the one at `at` (from 0);
 * `picture` is one that the benchmark has for the judge. `label` is a line of text before it, '' for none; {n} in it is the
 * picture's number among those shown. One that the job has not is left out.
 */
export type JudgeImage =
  | { of: 'source' | 'edited'; label: string }
  | { of: 'references'; label: string; at?: number }
  | { of: 'picture'; label: string; name: string }

/**
 * How a question's pictures are sent. `served`: as every thinker gets them, by its fleet entry; the others are what the
 * scripts of benchmarks do, whatever the entry says. `stored`: the stored file. `sourceSize`: JPEG, in the source's size.
 * `within768`: JPEG, scaled down to fit into 768 x 768. `jpeg`: JPEG of quality 85. `under3MiB`: the stored file, or the
 * first JPEG (85 to 45, then smaller) whose base64 takes 3 MiB at most.
 */
export type JudgePreparation = 'served' | 'stored' | 'sourceSize' | 'within768' | 'jpeg' | 'under3MiB'

/** What a judge wrote. `isCut`: it ended at its length limit, so its last part is not to be trusted. */
export type JudgeText = { text: string; isCut: boolean }

/** What the builtin critic found, 0-10 each. */
export type Measured = { semantic: number; quality: number; reasoning: string }

/** A question about a round. */
export type JudgeQuestion = {
  /** The text, with {instruction} for the user's words and {prompt} for what the editor was given. */
  template: string
  /** By which name a run may have brought another text for it; null: it is always this one. */
  templateName: string | null
  /** What texts of others have in place of {instruction}, as it stands there. */
  instructionMarks: readonly string[]
  /** What else is filled in, by the placeholder as it stands in the text. */
  fields: Readonly<Record<string, string>>
  /** The pictures after the text, in order. */
  images: readonly JudgeImage[]
  preparation: JudgePreparation
  /** Null: as the judge's fleet entry says. */
  temperature: number | null
  /** An entry that allows more stays at that: a judge that thinks before it answers needs it. Null: as the entry says. */
  maxTokens: number | null
  /** The answer as plain JSON; null where it cannot be read, which is never guessed: the question is asked again. */
  read(answer: JudgeText): unknown
  /** What the builtin critic answers in that form; null: nothing, so it is refused. */
  write: ((measured: Measured) => string) | null
}

/** One of a rubric's questions; an answer's `call` is its place among them, from 1. */
export type JudgeCall = {
  name: string
  /** The question as it is put about a job; null: not asked. `item`: what the job is of; null unless the rubric is a benchmark's. */
  ask(item: JudgeItem | null): JudgeQuestion | null
}

/** What a round's answers amount to, 0-10 each. */
type JudgeScores = { semantic: number; quality: number; reasoning: string | null }

/** What a judge is asked about a round, and what its answers amount to. */
export type Rubric = {
  id: string
  /** Only jobs of this benchmark can be asked about; null: any job. */
  benchmark: BenchmarkName | null
  /** Each that applies is asked of a round, as a task of its own. */
  calls: readonly JudgeCall[]
  /** The texts that a run may replace, by name. */
  templates: Readonly<Record<string, string>>
  /** The critique that the answers to all calls amount to; null: the rubric's scores are of another kind. */
  toScores: ((answers: readonly unknown[]) => JudgeScores) | null
}

/** Every rubric, by id. */
export const rubrics: ReadonlyMap<string, Rubric> = new Map(
  [overallRubric, geditRubric, imgeditRubric, krisRubric, riseRubric].map(rubric => [rubric.id, rubric]),
)
