import { z } from 'zod'
import { readModelJson, withoutThinking } from '../read-model-json.ts'
import type { AnswerRules, KrisAnswer, KrisDualAnswer } from './answers.ts'

/** What is asked for by its name, "consistency_score" and so on. */
export type KrisMetric = 'consistency' | 'instruction' | 'quality'

/** Of a category with one picture the score's name is looked for in the text too; the scripts leave that out for several. */
export type KrisReading = { rules?: AnswerRules; isMultiPicture?: boolean }

const object = z.record(z.string(), z.unknown())

/**
 * One score, 1-5: from JSON (the first braces around its key, none within), else "consistency score: 4", "4/5", "4 out of 5",
 * and officially at last the first digit 1-5 that stands alone, which may be the number of a list. Strict: of "4/5" and its
 * like all the same, and a lone digit only as the whole answer.
 */
export function parseKris(
  text: string,
  metric: KrisMetric,
  { rules = 'strict', isMultiPicture = false }: KrisReading = {},
): KrisAnswer | null {
  return rules === 'official' ? readOfficially(text, metric, isMultiPicture) : readStrictly(text, metric)
}

function readOfficially(text: string, metric: KrisMetric, isMultiPicture: boolean): KrisAnswer | null {
  const key = `${metric}_score`
  const block = new RegExp(`\\{[^{}]*${key}[^{}]*\\}`).exec(text)?.[0]
  const data = parseObject(block)
  const score = data === null ? null : toInteger(data[key])
  if (score !== null) return { score, reasoning: reasonOf(data) }
  const named = new RegExp(`${metric}[_\\s]*score\\s*[:：]?\\s*([1-5])`, 'i')
  const found = [...(isMultiPicture ? [] : [named]), ofFive, outOfFive, alone].map(form => form.exec(text)?.[1])
  const digit = found.find(match => match !== undefined)
  return digit === undefined ? null : { score: Number(digit), reasoning: null }
}

function readStrictly(text: string, metric: KrisMetric): KrisAnswer | null {
  const answer = withoutThinking(text)
  const data = readModelJson(answer)
  const score = readScale(data?.[`${metric}_score`])
  if (score !== null) return { score, reasoning: reasonOf(data) }
  const named = nameIn(answer, metric)
  if (named !== null) return { score: named, reasoning: null }
  const given = new Set([...answer.matchAll(everyOfFive)].map(match => Number(match[1] ?? match[2])))
  const lone = /^\s*\**([1-5])\**\.?\s*$/.exec(answer)?.[1]
  const [only] = given.size === 1 ? given : lone === undefined ? [] : [Number(lone)]
  return only === undefined ? null : { score: only, reasoning: null }
}

/**
 * Two scores of one answer: the whole as JSON, else its first even block, else by their names; null unless both are there.
 */
export function parseKrisDual(text: string, rules: AnswerRules = 'strict'): KrisDualAnswer | null {
  const isStrict = rules === 'strict'
  const data = isStrict ? readModelJson(withoutThinking(text)) : (parseObject(text) ?? parseObject(firstBlock(text)))
  const read = isStrict ? readScale : toInteger
  // Officially what is not in the JSON is not looked for in the text around it.
  const scoreOf = (metric: 'instruction' | 'knowledge') => {
    const score = data && read(data[`${metric}_score`])
    return score ?? (isStrict || data === null || Object.keys(data).length === 0 ? nameIn(text, metric) : null)
  }
  const [instruction, knowledge] = [scoreOf('instruction'), scoreOf('knowledge')]
  if (instruction === null || knowledge === null) return null
  return {
    ...{ instruction, knowledge },
    instructionReasoning: textOf(data?.instruction_reasoning),
    knowledgeReasoning: textOf(data?.knowledge_reasoning),
  }
}

const ofFive = /([1-5])\s*\/\s*5/i
const outOfFive = /([1-5])\s+out\s+of\s+5/i
const alone = /(?<![\p{L}\p{N}_])([1-5])(?![\p{L}\p{N}_])/u
const everyOfFive = /(?<![\d.])([1-5])\s*\/\s*5(?!\d|\.\d)|(?<![\d.])([1-5])\s+out\s+of\s+5(?!\d)/gi

function nameIn(text: string, metric: KrisMetric | 'knowledge'): number | null {
  const found = new RegExp(`${metric}[_\\s]*score["'*]*\\s*[:：]\\s*["'*]*\\s*([1-5])(?!\\d|\\.\\d)`, 'i').exec(text)
  return found ? Number(found[1]) : null
}

/** A whole number 1-5, written as a number or as "4" or "4/5". */
function readScale(value: unknown): number | null {
  const digit = typeof value === 'string' ? /^\s*([1-5])\s*(?:\/\s*5)?\s*$/.exec(value)?.[1] : null
  const score = digit === null || digit === undefined ? value : Number(digit)
  return typeof score === 'number' && Number.isInteger(score) && score >= 1 && score <= 5 ? score : null
}

/** Python's int(): the integer part of a number, or a text of digits alone. */
function toInteger(value: unknown): number | null {
  if (typeof value === 'number') return Math.trunc(value)
  return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : null
}

function reasonOf(data: Record<string, unknown> | null): string | null {
  return textOf(data?.reasoning) ?? textOf(data?.reason)
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function parseObject(text: string | null | undefined): Record<string, unknown> | null {
  try {
    return object.safeParse(JSON.parse(text ?? '')).data ?? null
  } catch {
    return null // not JSON: the caller tries the next way
  }
}

/** From the first brace to the one that closes it, braces within texts counted like others. */
function firstBlock(text: string): string | null {
  const start = text.indexOf('{')
  let depth = 0
  for (let at = start; start >= 0 && at < text.length; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return text.slice(start, at + 1)
  }
  return null
}
