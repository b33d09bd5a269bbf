import type { AnswersOf, JudgedItem } from '../../src/benchmarks/answers.ts'
import type { BenchmarkItem, BenchmarkName } from '../../src/benchmarks/benchmark.ts'

/** An item of the category with these answers. */
export function judgedItem<Name extends BenchmarkName>(
  key: string,
  taskType: string,
  answers: AnswersOf[Name],
  facts: BenchmarkItem['facts'] = {},
): JudgedItem<Name> {
  return { key, taskType, language: 'en', facts, answers }
}

/** GEdit's answers with these lists. */
export function geditAnswers(semantic: number[], quality: number[]): AnswersOf['gedit'] {
  return { semantic: { scores: semantic, reasoning: null }, quality: { scores: quality, reasoning: null } }
}

/** ImgEdit's answer with these numbers. */
export function imgeditAnswers(...scores: number[]): AnswersOf['imgedit'] {
  return { rating: { scores: scores.map((score, at) => ({ name: `Score ${at + 1}`, score })) } }
}

/** KRIS's answers with these numbers; with `knowledge` those of one call for two. */
export function krisAnswers(
  { consistency, quality, instruction }: { consistency: number; quality: number; instruction: number },
  knowledge: number | null = null,
): AnswersOf['kris'] {
  const answer = (score: number) => ({ score, reasoning: null })
  const both = { consistency: answer(consistency), quality: answer(quality) }
  if (knowledge === null) return { ...both, instruction: answer(instruction) }
  return { ...both, dual: { instruction, knowledge, instructionReasoning: null, knowledgeReasoning: null } }
}

/** RISE's answers with these numbers; null leaves the call out. */
export function riseAnswers(
  consistency: number | null,
  reasoning: number,
  plausibility: number | null,
): AnswersOf['rise'] {
  return {
    ...(consistency !== null && { consistency: { score: consistency } }),
    reasoning: { score: reasoning },
    ...(plausibility !== null && { plausibility: { score: plausibility } }),
  }
}
