import { withoutThinking } from '../read-model-json.ts'
import type { AnswerRules, ImgeditAnswer } from './answers.ts'

const SCORES = 3

/**
 * Every line that is two parts around one ": " and ends in digits alone, such as "Prompt Compliance: 4"; null without any.
 * Strict: three of them, each 1-5, as the question asks for, behind what a model thought before it answered.
 */
export function parseImgedit(text: string, rules: AnswerRules = 'strict'): ImgeditAnswer | null {
  const answer = rules === 'strict' ? withoutThinking(text) : text
  const scores = answer.split(lineEnd).flatMap(line => {
    const [name, digits, ...more] = line.trim().split(': ')
    return name !== undefined && digits !== undefined && more.length === 0 && /^\d+$/.test(digits)
      ? [{ name, score: Number(digits) }]
      : []
  })
  if (scores.length === 0) return null
  if (rules === 'official') return { scores }
  return scores.length === SCORES && scores.every(({ score }) => score >= 1 && score <= 5) ? { scores } : null
}

// What Python's splitlines ends a line at, three control characters aside.
const lineEnd = /\r\n|[\n\v\f\r\x85\u2028\u2029]/
