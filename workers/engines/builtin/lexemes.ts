import type { NamedColor } from './clause.ts'
import { findColor, isComparativeColor } from './colors.ts'
import { findMeaning, type Meaning, type NumberUnit } from './lexicon.ts'
import { type Token, tokenize } from './tokens.ts'

/** A word, phrase or number with its meaning in this language; `word` is anything the lexicon does not know. */
export type Lexeme = { start: number; end: number } & (
  | Meaning
  | { is: 'number'; value: number; unit: NumberUnit | null; isSigned: boolean }
  | { is: 'pair'; width: number; height: number; unit: 'px' | null }
  | { is: 'quoted'; text: string }
  | { is: 'color'; color: NamedColor; isComparative: boolean; isGray: boolean }
  | { is: 'word' }
)

/** Reads a text as lexemes, in order; numbers take their unit along, "16:9" and "300 x 200" are pairs. */
export function readLexemes(text: string): Lexeme[] {
  const tokens = tokenize(text)
  const wordAt = (index: number): string | null => {
    const token = tokens[index]
    return token && (token.type === 'word' || token.type === 'mark') ? token.text : null
  }
  const lexemes: Lexeme[] = []
  let at = 0
  while (at < tokens.length) {
    const [lexeme, length] = readNext(tokens, at, wordAt)
    const isFactor = lexeme.is === 'number' && lexeme.unit === null && lexemes.at(-1)?.is === 'factor'
    lexemes.push(isFactor ? { ...lexeme, unit: 'times' } : lexeme)
    at += length
  }
  return lexemes
}

function readNext(tokens: Token[], at: number, wordAt: (index: number) => string | null): [Lexeme, number] {
  // `at` is below tokens.length, so the token is there.
  const token = tokens[at] as Token
  const span = (length: number) => ({ start: token.start, end: tokens[at + length - 1]?.end ?? token.end })
  if (token.type === 'quoted') return [{ is: 'quoted', text: token.text, ...span(1) }, 1]
  if (token.type === 'hex') {
    const color = findColor(token.text)
    return [
      color ? { is: 'color', color, isComparative: false, isGray: false, ...span(1) } : { is: 'word', ...span(1) },
      1,
    ]
  }
  if (token.type === 'number') return readNumber(tokens, at, wordAt)
  const shaded = readColor(wordAt, at)
  if (shaded) return [{ ...shaded.lexeme, ...span(shaded.length) }, shaded.length]
  const found = findMeaning(at, wordAt)
  if (!found) return [{ is: 'word', ...span(1) }, 1]
  if (found.meaning.is !== 'count') return [{ ...found.meaning, ...span(found.length) }, found.length]
  const unit = findMeaning(at + found.length, wordAt)
  if (unit?.meaning.is === 'unit') {
    const length = found.length + unit.length
    return [
      { is: 'number', value: found.meaning.value, unit: unit.meaning.unit, isSigned: false, ...span(length) },
      length,
    ]
  }
  const { value, unit: own } = found.meaning
  return [{ is: 'number', value, unit: own, isSigned: false, ...span(found.length) }, found.length]
}

function readNumber(tokens: Token[], at: number, wordAt: (index: number) => string | null): [Lexeme, number] {
  const token = tokens[at] as Token & { type: 'number' }
  const span = (length: number) => ({ start: token.start, end: tokens[at + length - 1]?.end ?? token.end })
  const second = tokens[at + 2]
  const joint = wordAt(at + 1)
  if (second?.type === 'number' && joint && [':', 'x', '×', 'by', 'to', '/'].includes(joint) && !second.isSigned) {
    const isPx = ['px', 'pixels', 'pixel'].includes(wordAt(at + 3) ?? '')
    const isPair = joint !== 'to' || (token.value <= 32 && second.value <= 32)
    const length = isPx ? 4 : 3
    if (isPair)
      return [
        { is: 'pair', width: Math.abs(token.value), height: second.value, unit: isPx ? 'px' : null, ...span(length) },
        length,
      ]
  }
  const unit = findMeaning(at + 1, wordAt)
  const { value, isSigned } = token
  if (unit?.meaning.is === 'unit')
    return [{ is: 'number', value, unit: unit.meaning.unit, isSigned, ...span(1 + unit.length) }, 1 + unit.length]
  return [{ is: 'number', value, unit: null, isSigned, ...span(1) }, 1]
}

function readColor(wordAt: (index: number) => string | null, at: number) {
  const word = wordAt(at)
  if (word === null) return null
  const shade = word === 'dark' || word === 'deep' ? 'dark' : word === 'light' || word === 'pale' ? 'light' : null
  const next = shade ? wordAt(at + 1) : null
  // "gray" alone means black and white unless something in the clause takes a colour; that is settled by the clause.
  const color = next ? findColor(next, shade) : findColor(word)
  if (!color || (findMeaning(at, wordAt)?.meaning.is === 'topic' && !next && word !== 'gray')) return null
  if ((findMeaning(at, wordAt)?.length ?? 0) > (next ? 2 : 1)) return null
  const isGray = word === 'gray' && !next
  return {
    lexeme: { is: 'color' as const, color, isComparative: isComparativeColor(next ?? word), isGray },
    length: next ? 2 : 1,
  }
}
