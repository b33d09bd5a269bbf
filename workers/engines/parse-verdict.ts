// Reading a thinker's words. What is not there is never taken for consent: without a score, a flag or a prompt there is
// no verdict. A flag must be true or false (the text "false" counts as false); a score must be a number from 0 to 10.

import { z } from 'zod'
import { readModelJson, readScore, withoutThinking } from '../../src/read-model-json.ts'

/** What could be read; every part may be missing. `refinedPrompt` null: nothing to change, or none given. */
export type ReadVerdict = {
  semantic: number | null
  quality: number | null
  isSatisfied: boolean | null
  reasoning: string
  refinedPrompt: string | null
}

/** `isCut`: the answer ended at its length limit, so its last part is not to be trusted. */
export type ThinkerText = { text: string; reasoning: string; isCut: boolean }

/** The think, score and answer tags. Null when neither a score nor an answer can be read. */
export function parseTaggedVerdict({ text, reasoning, isCut }: ThinkerText): ReadVerdict | null {
  // Thoughts may speak of the tags they are about to write.
  const rest = withoutThinking(text)
  const find = (tag: string) => findTag(rest, tag, isCut) ?? findTag(text, tag, isCut)
  const scores = readScores(readModelJson(find('score') ?? ''))
  const answer = find('answer')?.trim() || null
  if (answer === null && (scores.semantic === null || scores.quality === null)) return null
  return {
    ...scores,
    isSatisfied: null,
    reasoning: (findTag(text, 'think', isCut) ?? reasoning).trim(),
    refinedPrompt: answer,
  }
}

/** The JSON form: our keys and the paper's. Null when it holds neither a flag nor both scores. */
export function parseJsonVerdict({ text, reasoning, isCut }: ThinkerText): ReadVerdict | null {
  const value = readModelJson(withoutThinking(text), isCut)
  if (value === null) return null
  const scores = readScores(value)
  const isSatisfied = readFlag(value.is_satisfied ?? value.isSatisfied ?? value.satisfied)
  if (isSatisfied === null && (scores.semantic === null || scores.quality === null)) return null
  return {
    ...scores,
    isSatisfied,
    reasoning: readText(value.reason ?? value.reasoning) ?? reasoning.trim(),
    refinedPrompt: readText(value.new_rewritten_prompt ?? value.refined_prompt ?? value.refinedPrompt),
  }
}

/** The rewritten instruction on one line; null when there is none. */
export function parsePolished({ text, isCut }: ThinkerText): string | null {
  const value = readModelJson(withoutThinking(text), isCut)
  const prompt = readText(value?.Rewritten ?? value?.rewritten ?? value?.new_rewritten_prompt)
  const lines = prompt?.split('\n').map(line => line.trim())
  return lines?.filter(line => line !== '').join(' ') ?? null
}

function findTag(text: string, tag: string, isCut: boolean): string | null {
  const [, rest] = splitAt(text, new RegExp(`<${tag}>`, 'i')) ?? []
  const closed = rest === undefined ? null : splitAt(rest, new RegExp(`</${tag}>`, 'i'))
  if (closed) return closed[0]
  // The last tag is sometimes left open; a cut answer must not pass for a whole one.
  const open = isCut ? null : new RegExp(`<${tag}>((?:(?!<(?:think|score|answer)>)[\\s\\S])*)$`, 'i').exec(text)
  return open?.[1] ?? null
}

function splitAt(text: string, mark: RegExp): [before: string, after: string] | null {
  const found = mark.exec(text)
  return found && [text.slice(0, found.index), text.slice(found.index + found[0].length)]
}

const jsonObject = z.record(z.string(), z.unknown())

function readScores(value: Record<string, unknown> | null): { semantic: number | null; quality: number | null } {
  const nested = jsonObject.safeParse(value?.score ?? value?.scores)
  const from = nested.success ? nested.data : value
  return {
    semantic: readScore(from?.semantic ?? from?.semantics ?? from?.semantic_score),
    quality: readScore(from?.quality ?? from?.quality_score),
  }
}

function readFlag(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return null
  const word = value.trim().toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : null
}

function readText(value: unknown): string | null {
  return typeof value === 'string' ? value.trim() || null : null
}
