// What a judge is asked about an item of each benchmark, and what its answers are once they are read: plain JSON, as
// parse-*.ts makes it of the text and score-*.ts takes it.

import type { BenchmarkItem, BenchmarkName } from './benchmark.ts'

/**
 * How answers are read. `official`: as the published scripts read them, but null where those draw a number at random, break
 * or wait for ever. `strict`: the same forms, each score within its scale and named as what it is, never a digit found
 * somewhere in a sentence; what is read by neither is null, so that it can be asked again.
 */
export type AnswerRules = 'official' | 'strict'

/** GEdit: the scores of a call, 0-10, in the order that the question names them. */
export type GeditAnswer = { scores: number[]; reasoning: string | null }
type GeditAnswers = { semantic: GeditAnswer | null; quality: GeditAnswer | null }

/** ImgEdit: each line "Name: n" of the one call, n 1-5. */
export type ImgeditAnswer = { scores: { name: string; score: number }[] }
type ImgeditAnswers = { rating: ImgeditAnswer | null }

/** KRIS: 1-5. */
export type KrisAnswer = { score: number; reasoning: string | null }
/** Both scores of one call, asked where plausible knowledge is scored. */
export type KrisDualAnswer = {
  instruction: number
  knowledge: number
  instructionReasoning: string | null
  knowledgeReasoning: string | null
}
/** `instruction` or `dual` is asked, by the item's category. */
type KrisAnswers = {
  consistency: KrisAnswer | null
  instruction?: KrisAnswer | null
  dual?: KrisDualAnswer | null
  quality: KrisAnswer | null
}

/** RISE: 1-5, of a logical item 0 or 1. */
export type RiseAnswer = { score: number }
/** A call that is not asked of the item is left out. */
type RiseAnswers = {
  consistency?: RiseAnswer | null
  reasoning: RiseAnswer | null
  plausibility?: RiseAnswer | null
}

/** The answers of each benchmark, by call. */
export type AnswersOf = { gedit: GeditAnswers; imgedit: ImgeditAnswers; kris: KrisAnswers; rise: RiseAnswers }

/** What a call is called in any of them. */
export type CallName = { [Name in BenchmarkName]: keyof AnswersOf[Name] }[BenchmarkName]

/** An item with what was answered about one picture of it. What was not answered or cannot be read is null. */
export type JudgedItem<Name extends BenchmarkName> = Pick<BenchmarkItem, 'key' | 'taskType' | 'language' | 'facts'> & {
  answers: AnswersOf[Name]
}
