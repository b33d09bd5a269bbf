import type { CaptionClause, Position } from './clause.ts'
import { white } from './colors.ts'
import type { Lexeme } from './lexemes.ts'
import { first, pick, type TopicLexeme } from './segments.ts'

const longest = 120

/** A caption's text (quoted, or the words that follow), place, colour and size; null where there is no text. */
export function readCaption(lexemes: Lexeme[], topic: TopicLexeme, source: string): CaptionClause | null {
  const quoted = pick(lexemes, 'quoted')[0]
  const text = quoted ? quoted.text : readUnquoted(lexemes, topic, source)
  const clean = text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, longest)
  if (clean === '') return null
  const number = first(lexemes, 'number')
  const factor = first(lexemes, 'qualifier')?.factor ?? 1
  const size = number?.unit === '%' ? number.value / 100 : factor > 1 ? 1.5 : factor < 1 ? 0.7 : 1
  return {
    kind: 'caption',
    text: clean,
    position: readPosition(
      lexemes.filter(lexeme => lexeme.start >= (quoted?.end ?? topic.end) || quoted !== undefined),
    ),
    color: first(lexemes, 'color')?.color ?? white,
    size: Math.min(Math.max(Number(size.toFixed(2)), 0.3), 4),
  }
}

function readUnquoted(lexemes: Lexeme[], topic: TopicLexeme, source: string): string {
  const after = lexemes.filter(lexeme => lexeme.start >= topic.end)
  const isEnd = (lexeme: Lexeme) => lexeme.is === 'place' || lexeme.is === 'within' || lexeme.is === 'color'
  const end = after.findIndex((lexeme, index) => index > 0 && isEnd(lexeme))
  const taken = end < 0 ? after : after.slice(0, end)
  const last = taken.at(-1)
  if (!taken[0] || !last) return ''
  const words = source.slice(taken[0].start, last.end)
  return words
    .replace(/^(?:of|reading|saying|that (?:says|reads))\s+/iu, '')
    .replace(/\s+(?:in|at|on|to|along)(?: the)?$/iu, '')
}

function readPosition(lexemes: Lexeme[]): Position {
  const places = pick(lexemes, 'place').map(lexeme => lexeme.place)
  const turn = first(lexemes, 'turn')
  const x =
    places.includes('left') || (turn && turn.sign < 0) ? 'left' : places.includes('right') || turn ? 'right' : 'center'
  const y = places.includes('top')
    ? 'top'
    : places.includes('center') && !places.includes('bottom')
      ? 'middle'
      : 'bottom'
  return { x, y }
}
