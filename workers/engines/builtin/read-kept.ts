import type { Kept } from './clause.ts'
import type { Lexeme } from './lexemes.ts'
import type { Topic } from './lexicon.ts'
import { pick } from './segments.ts'

const keptBy: Partial<Record<Topic, Kept>> = {
  brightness: 'brightness',
  exposure: 'brightness',
  gamma: 'brightness',
  highlights: 'brightness',
  shadows: 'brightness',
  contrast: 'contrast',
  saturation: 'color',
  warmth: 'color',
  tint: 'color',
  hue: 'color',
  mono: 'color',
  sepia: 'color',
  color: 'color',
  sharpness: 'sharpness',
  noise: 'sharpness',
  crop: 'size',
  resize: 'size',
  rotate: 'size',
}

/** What a segment such as "keep the colours" or "without cropping" wants left alone, as far as it can be measured. */
export function readKept(lexemes: Lexeme[]): Kept[] {
  const named = pick(lexemes, 'topic').map(({ topic }) => keptBy[topic])
  const size: Kept[] = lexemes.some(each => each.is === 'size' || each.is === 'dimension') ? ['size'] : []
  return [...named.filter(kept => kept !== undefined), ...size]
}
