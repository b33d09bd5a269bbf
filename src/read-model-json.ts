// Reading what a language model wrote where JSON was asked for. Nothing is guessed: what cannot be read is null.

import { jsonrepair } from 'jsonrepair'
import { z } from 'zod'

/** What follows a reasoning model's thoughts, which may hold braces and tags of their own. */
export function withoutThinking(text: string): string {
  return text.replace(/^[\s\S]*<\/think>/i, '')
}

/**
 * The longest object that stands in the text as JSON, else what can be repaired; an example such as {x} is neither.
 * `isCut`: the text ended at its length limit, so nothing of it is repaired.
 */
export function readModelJson(text: string, isCut = false): Record<string, unknown> | null {
  const start = text.indexOf('{')
  if (start === -1) return null
  const end = text.lastIndexOf('}')
  const candidate = end > start ? text.slice(start, end + 1) : text.slice(start)
  const whole = tryParse(candidate, JSON.parse) ?? findObject(candidate)
  return whole ?? (isCut ? null : tryParse(candidate, input => JSON.parse(jsonrepair(input))))
}

/** A score from 0 to 10: a number, or "7", "7.5", "7/10", which are numbers to a model. */
export function readScore(value: unknown): number | null {
  const match = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*10)?\s*$/.exec(value) : null
  const score = match ? Number(match[1]) : value
  return typeof score === 'number' && score >= 0 && score <= 10 ? score : null
}

const jsonObject = z.record(z.string(), z.unknown())

function findObject(text: string): Record<string, unknown> | null {
  const blocks = [...splitObjects(text)].sort((a, b) => b.length - a.length)
  for (const block of blocks) {
    const value = tryParse(block, JSON.parse)
    if (value && Object.keys(value).length > 0) return value
  }
  return null
}

// Each {...} of the text whose braces are even, those inside of strings not counted.
function* splitObjects(text: string): Generator<string> {
  let depth = 0
  let start = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{' && depth++ === 0) start = index
    else if (token === '}' && depth > 0 && --depth === 0) yield text.slice(start, index + 1)
  }
}

function tryParse(text: string, parse: (text: string) => unknown): Record<string, unknown> | null {
  try {
    const parsed = jsonObject.safeParse(parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null // not JSON: the caller tries the next way
  }
}
