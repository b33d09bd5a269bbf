import type { Clause, GradedOp } from './clause.ts'
import { gradedOps } from './graded-ops.ts'
import type { Lexeme } from './lexemes.ts'
import type { Topic } from './lexicon.ts'
import { readCaption } from './read-caption.ts'
import { readBlockSize, readBorder, readCrop, readFlip, readResize, readRotate } from './read-geometry.ts'
import { isUndirected, type Modifiers, readGraded, readModifiers } from './read-graded.ts'
import { first, pick, type TopicLexeme } from './segments.ts'

/** What one change in a segment came to: clauses, a noun still waiting for its direction, or why it cannot be done. */
export type Reading =
  | { is: 'clauses'; clauses: Clause[]; topic: TopicLexeme; modifiers: Modifiers; isInherited: boolean }
  | { is: 'undirected'; topic: TopicLexeme; modifiers: Modifiers }
  | { is: 'refused'; reason: string }

const refuse = (reason: string): Reading => ({ is: 'refused', reason })

/** True for the changes with a measured amount. */
export const isGraded = (topic: Topic): topic is GradedOp => Object.hasOwn(gradedOps, topic)

/** Reads one change with the words that belong to it; `text` is the whole instruction, for the wording of captions. */
export function readTopic(topic: TopicLexeme, lexemes: Lexeme[], text: string, inherited: Modifiers | null): Reading {
  const own = readModifiers(lexemes)
  // A noun without a direction of its own takes over the one before it, and the amount unless it has one.
  const isInherited =
    inherited !== null && own.sign === 0 && topic.sign === 0 && !own.number?.isSigned && own.times === null
  const modifiers = isInherited ? inherit(own, inherited) : own
  const done = (...clauses: (Clause | null)[]): Reading => {
    const found = clauses.filter(clause => clause !== null)
    return found.length > 0
      ? { is: 'clauses', clauses: found, topic, modifiers, isInherited }
      : refuse(incomplete(topic.topic))
  }
  const words = text.slice(topic.start, topic.end).toLowerCase()
  const isRemoving = pick(lexemes, 'direction').some(each => each.verb === 'removing')
  if (isRemoving && removalReasons[topic.topic]) return refuse(removalReasons[topic.topic] ?? '')
  if (isGraded(topic.topic)) {
    if (isUndirected(topic, modifiers)) return { is: 'undirected', topic, modifiers }
    return done(readGraded({ ...topic, topic: topic.topic }, modifiers))
  }
  const number = modifiers.number?.value ?? null
  switch (topic.topic) {
    case 'mono':
    case 'invert':
      return done({ kind: topic.topic })
    case 'sepia':
      return done({ kind: 'sepia', percent: sepiaPercent(modifiers) })
    case 'gamma':
      return done(number !== null && number >= 0.1 && number <= 10 ? { kind: 'gamma', value: number } : null)
    case 'posterize':
      return done({ kind: 'posterize', levels: Math.round(Math.min(Math.max(Math.abs(number ?? 4), 2), 64)) })
    case 'pixelate':
      return done({ kind: 'pixelate', size: readBlockSize(modifiers.number, modifiers.factor) })
    case 'rotate':
    case 'turn':
      return done(
        readRotate(
          lexemes,
          words + (first(lexemes, 'number') ? '' : text.slice(topic.end, topic.end + 40).toLowerCase()),
          false,
        ),
      )
    case 'straighten':
      return done(readRotate(lexemes, words, true))
    case 'flip':
      return done(readFlip(lexemes, text.slice(topic.start, topic.end + 60).toLowerCase()))
    case 'crop':
      return done(words.startsWith('square') ? { kind: 'crop', to: 'ratio', width: 1, height: 1 } : readCrop(lexemes))
    case 'resize':
      return done(readResize(lexemes, topic.sign))
    case 'border':
      return done(readBorder(lexemes))
    case 'caption':
      return done(readCaption(lexemes, topic, text))
    case 'pop':
      return done(plain('contrast', 1, modifiers.factor), plain('saturation', 1, modifiers.factor))
    case 'fade':
      return done(plain('contrast', -1, modifiers.factor), plain('saturation', -1, modifiers.factor))
    case 'color':
      if (isRemoving && number === null && modifiers.times === null) return done({ kind: 'mono' })
      return modifiers.sign === 0
        ? refuse(incomplete('color'))
        : readTopic({ ...topic, topic: 'saturation', sign: 0 }, lexemes, text, null)
    default:
      topic.topic satisfies never
      return refuse('')
  }
}

const inherit = (own: Modifiers, from: Modifiers): Modifiers =>
  own.number ? { ...own, sign: from.sign } : { ...from, color: own.color }

function plain(op: GradedOp, sign: number, factor: number): Clause | null {
  const topic: TopicLexeme & { topic: GradedOp } = {
    is: 'topic',
    topic: op,
    sign,
    form: 'adjective',
    factor: 1,
    start: 0,
    end: 0,
  }
  return readGraded(topic, {
    sign: 0,
    isParticle: false,
    factor: factor * 0.75,
    number: null,
    times: null,
    isLevel: false,
    color: null,
  })
}

function sepiaPercent({ number, factor }: Modifiers): number {
  if (number?.unit === '%') return Math.min(Math.max(Math.abs(number.value), 5), 100)
  return factor < 1 ? 100 * factor : 100
}

const removalReasons: Partial<Record<Topic, string>> = {
  vignette: 'a vignette that is already in the picture cannot be taken out',
  border: 'a border that is already in the picture cannot be taken off; say how much to crop',
  caption: 'text that is already in the picture cannot be taken out',
  sepia: 'the colours behind a sepia tone are lost',
  mono: 'colours that are not in the picture cannot be brought back',
  pixelate: 'detail lost to pixelation cannot be brought back',
  posterize: 'tones lost to posterization cannot be brought back',
}

function incomplete(topic: Topic): string {
  switch (topic) {
    case 'crop':
      return 'it does not say how to crop (a shape, a size or a part)'
    case 'resize':
      return 'it does not say to what size, or the size is out of range'
    case 'rotate':
    case 'turn':
    case 'straighten':
      return 'it does not say how far to turn'
    case 'caption':
      return 'it does not say what the caption reads'
    case 'tint':
      return 'it does not say which colour'
    case 'gamma':
      return 'it needs a gamma between 0.1 and 10'
    default:
      return 'it does not say whether more or less'
  }
}
