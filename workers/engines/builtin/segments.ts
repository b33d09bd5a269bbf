import type { Lexeme } from './lexemes.ts'

type Separator = Extract<Lexeme, { is: 'separator' }>['strength']

/** The lexemes between two separators; `joiner` is what stands before them. */
export type Segment = { joiner: Separator; lexemes: Lexeme[]; start: number; end: number }

export type TopicLexeme = Extract<Lexeme, { is: 'topic' }>

/** Cuts lexemes at commas, "and", "then", "but", "with" and sentence ends; the strongest of several in a row counts. */
export function toSegments(lexemes: Lexeme[]): Segment[] {
  const segments: Segment[] = []
  let joiner: Separator = 'stop'
  let current: Lexeme[] = []
  const close = () => {
    const first = current[0]
    const last = current.at(-1)
    if (first && last) {
      segments.push({ joiner, lexemes: current, start: first.start, end: last.end })
      joiner = 'and'
    }
    current = []
  }
  for (const [index, lexeme] of lexemes.entries()) {
    const before = lexemes[index - 1]
    // "Brightness: +10", "caption: Hello": a colon after a change introduces what belongs to it.
    if (lexeme.is === 'colon') {
      if (before?.is === 'topic') continue
      close()
      joiner = 'stop'
      continue
    }
    if (lexeme.is !== 'separator') {
      // "Boost the saturation without changing the brightness": what is to stay begins a segment of its own.
      if (['without', 'not', 'keep'].includes(lexeme.is) && current.some(each => each.is === 'topic')) {
        close()
        joiner = 'but'
      }
      current.push(lexeme)
      continue
    }
    const isFirst = current.length > 0
    close()
    joiner = isFirst ? lexeme.strength : stronger(joiner, lexeme.strength)
  }
  close()
  return segments
}

const strengths: Separator[] = ['and', 'comma', 'with', 'then', 'but', 'stop']
const stronger = (one: Separator, other: Separator): Separator =>
  strengths.indexOf(one) > strengths.indexOf(other) ? one : other

/** The segment's lexemes of one sort. */
export function pick<Is extends Lexeme['is']>(lexemes: Lexeme[], is: Is): Extract<Lexeme, { is: Is }>[] {
  return lexemes.filter((lexeme): lexeme is Extract<Lexeme, { is: Is }> => lexeme.is === is)
}

/** The first lexeme of one sort. */
export function first<Is extends Lexeme['is']>(lexemes: Lexeme[], is: Is): Extract<Lexeme, { is: Is }> | undefined {
  return pick(lexemes, is)[0]
}
