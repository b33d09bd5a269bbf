// Reading what a language model wrote where JSON was asked for. Nothing is guessed: what cannot be read is null.

import { jsonrepair } from 'jsonrepair'
import { z } from 'zod'

/** What follows a reasoning model's thoughts, which may hold braces and tags of their own. */
export function withoutThinking(text: string): string {
  return text.replace(/^[\s\S]*<\/think>/i, '')
}

/**
 * The longest object that stands in the text as JSON, else what can be repaired; an example such as {x} is neither.
 * `isCut`: the text ended at its length limit, so nothing of it is repaired; nor of one far longer than an answer is.
 */
export function readModelJson(text: string, isCut = false): Record<string, unknown> | null {
  const start = text.indexOf('{')
  if (start === -1) return null
  const end = text.lastIndexOf('}')
  const candidate = end > start ? text.slice(start, end + 1) : text.slice(start)
  const whole = tryParse(candidate, JSON.parse) ?? findObject(candidate)
  if (whole || isCut || !isRepairable(candidate)) return whole
  return tryParse(candidate, input => JSON.parse(jsonrepair(input)))
}

/** An answer has a few hundred quotes and apostrophes; of 5,000 in 10 kB the repair would make 40 s of standstill. */
const MAX_REPAIRED_CHARACTERS = 20_000
const MAX_REPAIRED_QUOTES = 500

function isRepairable(text: string): boolean {
  return text.length <= MAX_REPAIRED_CHARACTERS && (text.match(/["'`]/g) ?? []).length <= MAX_REPAIRED_QUOTES
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

// Each {...} of the text whose braces are even, those inside of strings not counted. A string that is never closed runs
// to the end, or each quote in it would begin another search to there: 400 kB of them took five minutes.
function* splitObjects(text: string): Generator<string> {
  let depth = 0
  let start = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)|[{}]/g)) {
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
