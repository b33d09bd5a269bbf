import { changeWords } from './words-changes.ts'
import { plainWords } from './words-plain.ts'

/** Everything a clause can be about; besides the changes themselves a few words that become one in context. */
export type Topic =
  | import('./clause.ts').GradedOp
  | 'mono'
  | 'sepia'
  | 'invert'
  | 'gamma'
  | 'posterize'
  | 'pixelate'
  | 'rotate'
  | 'straighten'
  | 'turn'
  | 'flip'
  | 'crop'
  | 'resize'
  | 'border'
  | 'caption'
  | 'pop'
  | 'fade'
  | 'color'

/**
 * What a word is to the parser. `topic` carries its own direction (`sign`; 0 for a noun such as "contrast", which needs
 * one); `weak` base adjectives ("soft", "dark") only qualify a noun that follows ("a soft vignette").
 */
export type Meaning =
  | { is: 'topic'; topic: Topic; sign: number; form: 'adjective' | 'verb' | 'noun' | 'weak'; factor: number }
  | {
      is: 'direction'
      sign: number
      factor: number
      verb: 'adding' | 'removing' | 'changing' | 'comparing' | 'particle'
    }
  | { is: 'qualifier'; factor: number }
  | { is: 'times'; by: number }
  | { is: 'count'; value: number; unit: NumberUnit | null }
  | { is: 'unit'; unit: NumberUnit }
  | { is: 'turn'; sign: number }
  | { is: 'axis'; axis: 'horizontal' | 'vertical' }
  | { is: 'place'; place: 'left' | 'right' | 'top' | 'bottom' | 'center' | 'corner' }
  | { is: 'shape'; width: number; height: number }
  | { is: 'dimension'; dimension: 'width' | 'height' | 'longest' }
  | { is: 'separator'; strength: 'and' | 'comma' | 'with' | 'then' | 'but' | 'stop' }
  | {
      is:
        | 'not'
        | 'without'
        | 'keep'
        | 'stay'
        | 'too'
        | 'enough'
        | 'level'
        | 'whole'
        | 'filler'
        | 'within'
        | 'like'
        | 'because'
    }
  | { is: 'each' | 'size' | 'other' | 'flavor' | 'factor' | 'colon' | 'state' }

export type NumberUnit = '%' | 'px' | 'degrees' | 'stops' | 'points' | 'levels' | 'times'

type Entry = { words: string[]; meaning: Meaning }
const index = new Map<string, Entry[]>()
for (const [phrases, meaning] of [...changeWords, ...plainWords]) {
  for (const phrase of phrases.split('|')) {
    const words = phrase.trim().split(' ')
    const first = words[0] ?? ''
    const entries = index.get(first) ?? []
    entries.push({ words, meaning })
    index.set(first, entries)
  }
}
for (const entries of index.values()) entries.sort((one, other) => other.words.length - one.words.length)

/** The longest phrase that begins at `at`, with how many words it takes; null where the word means nothing here. */
export function findMeaning(
  at: number,
  wordAt: (index: number) => string | null,
): { meaning: Meaning; length: number } | null {
  const first = wordAt(at)
  if (first === null) return null
  for (const entry of index.get(first) ?? []) {
    if (entry.words.every((word, offset) => wordAt(at + offset) === word))
      return { meaning: entry.meaning, length: entry.words.length }
  }
  return null
}
