import { withoutThinking } from '../read-model-json.ts'
import type { AnswerRules, RiseAnswer } from './answers.ts'

/** `isLogical`: the score is 0 or 1, else it is 1-5. */
export type RiseReading = { rules?: AnswerRules; isLogical?: boolean }

/**
 * The number behind "Final Score" (else "Final Scores"), with or without asterisks and a colon, in any case: the first such
 * words that digits follow. More than one number there is null, since one call gives one score (the script breaks at it).
 */
export function parseRise(text: string, { rules = 'strict', isLogical = false }: RiseReading = {}): RiseAnswer | null {
  const answer = withoutThinking(text)
  const [score, ...more] = numbersAfter('Final Score', answer) ?? numbersAfter('Final Scores', answer) ?? []
  if (score === undefined || more.length > 0) return null
  const [from, to] = isLogical ? [0, 1] : [1, 5]
  return rules === 'official' || (score >= from && score <= to) ? { score } : null
}

function numbersAfter(words: string, text: string): number[] | null {
  for (const [, run = ''] of text.matchAll(new RegExp(`${words}\\*?\\*?:?\\s*([\\d*\\s,]*)`, 'gi'))) {
    const numbers = run.match(/\d+/g)
    if (numbers) return numbers.map(Number)
  }
  return null
}
