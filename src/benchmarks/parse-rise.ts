import { withoutThinking } from '../read-model-json.ts'
import type { AnswerRules, RiseAnswer } from './answers.ts'

/** `isLogical`: the score is 0 or 1, else it is 1-5. */
export type RiseReading = { rules?: AnswerRules; isLogical?: boolean }

/**
 * The number behind "Final Score" (else "Final Scores"), with or without asterisks and a colon, in any case: the first such
 * words that digits follow. More than one number there is null, since one call gives one score (the script breaks at it).
 * Strict: a range such as "1-5" and a number with decimals are no score either.
 */
export function parseRise(text: string, { rules = 'strict', isLogical = false }: RiseReading = {}): RiseAnswer | null {
  const answer = withoutThinking(text)
  const found = findNumbers('Final Score', answer) ?? findNumbers('Final Scores', answer)
  const [score, ...more] = found?.numbers ?? []
  if (score === undefined || more.length > 0) return null
  if (rules === 'official') return { score }
  const [from, to] = isLogical ? [0, 1] : [1, 5]
  return found?.goesOn === false && score >= from && score <= to ? { score } : null
}

/** `goesOn`: behind the last number, on its line, stand decimals or the other end of a range. */
function findNumbers(words: string, text: string): { numbers: number[]; goesOn: boolean } | null {
  for (const match of text.matchAll(new RegExp(`${words}\\*?\\*?:?\\s*([\\d*\\s,]*)`, 'gi'))) {
    const [whole, run = ''] = match
    const numbers = run.match(/\d+/g)
    if (!numbers) continue
    const isNextLine = /\n[^\d]*$/.test(run)
    const rest = text.slice(match.index + whole.length)
    return { numbers: numbers.map(Number), goesOn: !isNextLine && /^(?:\.\d|(?:[-–—]|to )[ *]{0,6}\d)/i.test(rest) }
  }
  return null
}
