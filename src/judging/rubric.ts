// A rubric says what a judge is asked about a round and how the answers are read. It is data and pure functions: a
// benchmark adds its own with prompts and scoring, and nothing else of judging has to know.

import { overallRubric } from './overall-rubric.ts'

/** A picture of the round's job; `references` are those the editor was given, all in their order. */
export type JudgePicture = 'source' | 'edited' | 'references'

/** One picture of a call. `label` is a line of text before it, '' for none; one that the job has not is left out. */
type JudgeImage = { of: JudgePicture; label: string }

/** What a judge wrote. `isCut`: it ended at its length limit, so its last part is not to be trusted. */
export type JudgeText = { text: string; isCut: boolean }

/** One question. */
export type JudgeCall = {
  /** The text, with {instruction} for the user's words and {prompt} for what the editor was given. */
  template: string
  /** The pictures after it, in order. */
  images: readonly JudgeImage[]
  /** The answer as plain JSON; null where it cannot be read, which is never guessed: the question is asked again. */
  read(answer: JudgeText): unknown
  /** What the builtin critic, which measures 0-10 scores, answers in that form; null: nothing, so it is refused. */
  write: ((measured: { semantic: number; quality: number; reasoning: string }) => string) | null
}

/** What a round's answers amount to, 0-10 each. */
type JudgeScores = { semantic: number; quality: number; reasoning: string | null }

export type Rubric = {
  id: string
  /** Each is asked of every round, as a task of its own. */
  calls: readonly JudgeCall[]
  /** The critique that a round's answers amount to, by call; null: the rubric's scores are of another kind. */
  toScores: ((answers: readonly unknown[]) => JudgeScores) | null
}

/** Every rubric, by id. */
export const rubrics: ReadonlyMap<string, Rubric> = new Map([overallRubric].map(rubric => [rubric.id, rubric]))
