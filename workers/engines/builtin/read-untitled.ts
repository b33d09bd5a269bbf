import type { Clause, NamedColor } from './clause.ts'
import { gradedAmount, gradedOps, percentToAmount } from './graded-ops.ts'
import type { Lexeme } from './lexemes.ts'
import { readCaption } from './read-caption.ts'
import { readBlockSize, readCrop, readResize, readRotate } from './read-geometry.ts'
import { readModifiers, scaleClause } from './read-graded.ts'
import { first, pick } from './segments.ts'

/** The clause asked by words that name no change but mean one: "bluer", "make it square", "800 px wide", "half the size". */
export function readUntitled(lexemes: Lexeme[], words: string): Clause | null {
  const color = first(lexemes, 'color')
  if (color?.isGray) return { kind: 'mono' }
  // "... and blue" names a colour but asks for nothing.
  const isAlone = lexemes.every(each => each === color || each.is === 'filler')
  if (color) return isAlone && !color.isComparative ? null : readCast(lexemes, color.color)
  const pair = first(lexemes, 'pair')
  if (first(lexemes, 'shape') || (pair && pair.unit === null && pair.width <= 50 && pair.height <= 50))
    return readCrop(lexemes)
  if (pair || first(lexemes, 'size') || (first(lexemes, 'dimension') && first(lexemes, 'number')))
    return readResize(lexemes, 0)
  const number = first(lexemes, 'number')
  // "Cut 20 pixels from the left", "take 10% off the top".
  if (number && first(lexemes, 'other') && (number.unit === 'px' || number.unit === '%')) return readCrop(lexemes)
  if (number?.unit === 'degrees') return readRotate(lexemes, words, false)
  if (number?.unit === 'levels')
    return { kind: 'posterize', levels: Math.round(Math.min(Math.max(Math.abs(number.value), 2), 64)) }
  if (number?.unit === 'stops') {
    const amount = number.value * (readModifiers(lexemes).sign || 1)
    return { kind: 'graded', op: 'exposure', amount, unit: 'stops' }
  }
  if (first(lexemes, 'axis') && first(lexemes, 'direction') === undefined && number === undefined) return null
  return null
}

function readCast(lexemes: Lexeme[], color: NamedColor): Clause {
  const { sign, factor, number } = readModifiers(lexemes)
  const direction = sign || 1
  const { amount, unit } = number
    ? number.unit === 'points'
      ? { amount: number.value * direction, unit: gradedOps.tint.unit }
      : percentToAmount('tint', number.value * direction)
    : gradedAmount('tint', direction, factor)
  return { kind: 'graded', op: 'tint', amount, unit, color }
}

/** The last clause with an amount said afterwards ("brighter, by 20%", "sharpen it, a lot"); null where this says none. */
export function readAfterthought(lexemes: Lexeme[], last: Clause | undefined): Clause | null {
  const { number, factor } = readModifiers(lexemes)
  const value = Math.round(Math.abs(number?.value ?? 0))
  if (last?.kind === 'pixelate' && number) return { ...last, size: readBlockSize(number, 1) }
  if (last?.kind === 'posterize' && value >= 2) return { ...last, levels: Math.min(value, 64) }
  const color = first(lexemes, 'color')?.color
  if ((last?.kind === 'border' || last?.kind === 'caption') && color && !number) return { ...last, color }
  if (last?.kind === 'border' && value >= 1 && number)
    return { ...last, width: { value, unit: number.unit === '%' ? '%' : 'px' }, color: color ?? last.color }
  if (last?.kind !== 'graded') return null
  if (last.op === 'sharpness' && last.amount < 0 && number?.unit === 'px')
    return { kind: 'blur', px: Math.min(Math.max(Math.abs(number.value), 0.3), 200) }
  const sign = Math.sign(last.amount) || 1
  if (number && (number.unit === '%' || number.unit === null))
    return { ...last, ...percentToAmount(last.op, Math.abs(number.value) * sign) }
  if (number && number.unit !== 'px') return { ...last, amount: Math.abs(number.value) * sign }
  return pick(lexemes, 'qualifier').length > 0 ? scaleClause(last, factor) : null
}

/** A quoted text that is put or written somewhere, where nobody said "caption". */
export function readUntitledCaption(lexemes: Lexeme[], text: string): Clause | null {
  const quoted = first(lexemes, 'quoted')
  const isPut = first(lexemes, 'place') !== undefined || pick(lexemes, 'direction').some(each => each.verb === 'adding')
  if (!quoted || !isPut || first(lexemes, 'word')) return null
  return readCaption(
    lexemes,
    { is: 'topic', topic: 'caption', sign: 1, form: 'noun', factor: 1, start: 0, end: 0 },
    text,
  )
}
