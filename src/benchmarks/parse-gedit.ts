import { z } from 'zod'
import { readModelJson, withoutThinking } from '../read-model-json.ts'
import type { AnswerRules, GeditAnswer } from './answers.ts'

const MARK = '||V^=^V||'

const score = z.number()
const object = z.object({
  score: z.union([z.array(score).min(1), score.transform(one => [one])]),
  reasoning: z.unknown().optional(),
})

/**
 * A reply {"score": [...], "reasoning": ...}: between two marks ||V^=^V||, else from the first brace to the last, repaired where
 * it is no JSON; without braces a bare list "[a, b]" or a lone whole number 0-10. Where the script would draw a number, null.
 */
export function parseGedit(text: string, rules: AnswerRules = 'strict'): GeditAnswer | null {
  const answer = readObject(text) ?? readBare(withoutThinking(text))
  if (answer === null || rules === 'official') return answer
  return answer.scores.every(one => one >= 0 && one <= 10) ? answer : null
}

function readObject(text: string): GeditAnswer | null {
  const parts = text.split(MARK)
  const content = parts.length === 3 ? (parts[1] ?? '') : withoutThinking(text)
  const read = object.safeParse(readModelJson(content.replaceAll('\n', '')))
  if (!read.success) return null
  const { score: scores, reasoning } = read.data
  return { scores, reasoning: reasoning === undefined ? null : toText(reasoning) }
}

function readBare(text: string): GeditAnswer | null {
  if (text.includes('{') && text.includes('}')) return null
  const list = /\[[\s\S]*\]/.exec(text)?.[0]
  const pair = /^\[(\d+), ?(\d+)\]$/.exec(list ?? '')
  if (pair) return { scores: [Number(pair[1]), Number(pair[2])], reasoning: null }
  const lone = /^\s*\+?(\d+)\s*$/.exec(text)
  return lone && Number(lone[1]) <= 10 ? { scores: [Number(lone[1])], reasoning: null } : null
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
