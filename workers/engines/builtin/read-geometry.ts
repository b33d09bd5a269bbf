import type { BorderClause, CropClause, FlipClause, Length, ResizeClause, RotateClause, Side } from './clause.ts'
import { white } from './colors.ts'
import type { Lexeme } from './lexemes.ts'
import { readModifiers } from './read-graded.ts'
import { first, pick } from './segments.ts'

const maxPx = 16_384

/** Which way, and by how much: "rotate 90 degrees to the left", "upside down", "a quarter turn". */
export function readRotate(lexemes: Lexeme[], words: string, isLevelling: boolean): RotateClause | null {
  const number = first(lexemes, 'number')
  const turn = first(lexemes, 'turn')?.sign ?? 1
  const named = /upside down|on its head|half turn/u.test(words)
    ? 180
    : /quarter turn|on its side/u.test(words)
      ? 90
      : null
  const amount = number ? number.value : (named ?? (first(lexemes, 'turn') && !isLevelling ? 90 : null))
  if (amount === null || (number && number.unit !== null && number.unit !== 'degrees')) return null
  // -180 and 180 are one turn; the shorter way is written.
  const degrees = ((((amount * turn) % 360) + 540) % 360) - 180
  return {
    kind: 'rotate',
    degrees: degrees === -180 ? 180 : degrees,
    isLevelling: isLevelling && Math.abs(degrees) <= 45,
  }
}

/** Horizontal unless said otherwise, as a mirror does. */
export function readFlip(lexemes: Lexeme[], words: string): FlipClause {
  const axis = first(lexemes, 'axis')?.axis ?? (/upside down/u.test(words) ? 'vertical' : 'horizontal')
  return { kind: 'flip', axis }
}

/** A shape, a size in px, a part to keep, or a strip to cut from one side; null where the words do not say. */
export function readCrop(lexemes: Lexeme[]): CropClause | null {
  const pair = first(lexemes, 'pair')
  const shape = first(lexemes, 'shape')
  const number = first(lexemes, 'number')
  const at = lexemes.findIndex(lexeme => lexeme.is === 'number')
  if (pair && pair.width > 0 && pair.height > 0) {
    const isSize = pair.unit === 'px' || pair.width > 50 || pair.height > 50
    return { kind: 'crop', to: isSize ? 'size' : 'ratio', width: pair.width, height: pair.height }
  }
  if (shape) return { kind: 'crop', to: 'ratio', width: shape.width, height: shape.height }
  const times = first(lexemes, 'times')
  if (!number) return times && times.by < 1 ? { kind: 'crop', to: 'part', percent: times.by * 100 } : null
  const side = findSide(lexemes)
  const value = Math.abs(number.value)
  if (side && value > 0 && (number.unit === '%' ? value < 100 : true))
    return { kind: 'crop', to: 'edge', side, length: { value, unit: number.unit === '%' ? '%' : 'px' } }
  if (number.unit !== '%' || value <= 0 || value >= 100) return null
  const isMiddle = pick(lexemes, 'place').some(each => each.place === 'center')
  const isKept = isMiddle || (at > 0 && lexemes[at - 1]?.is === 'level')
  const isEachSide = first(lexemes, 'each') !== undefined
  const percent = isKept ? value : 100 - value * (isEachSide ? 2 : 1)
  return percent > 0 ? { kind: 'crop', to: 'part', percent } : null
}

function findSide(lexemes: Lexeme[]): Side | null {
  for (const { place } of pick(lexemes, 'place')) {
    if (place !== 'center' && place !== 'corner') return place
  }
  const turn = first(lexemes, 'turn')
  return turn ? (turn.sign > 0 ? 'right' : 'left') : null
}

/** A size in px along one side or both, or a scale; null where the words do not say. */
export function readResize(lexemes: Lexeme[], ownSign: number): ResizeClause | null {
  const pair = first(lexemes, 'pair')
  if (pair)
    return isSide(pair.width) && isSide(pair.height)
      ? { kind: 'resize', to: 'size', width: pair.width, height: pair.height }
      : null
  const { number, times, sign, factor, isLevel } = readModifiers(lexemes)
  const dimension = first(lexemes, 'dimension')?.dimension
  if (times !== null) {
    const by = ownSign < 0 && times > 1 ? 1 / times : times
    return toScale(by * 100)
  }
  if (number) {
    if (number.unit === '%')
      return toScale(
        readScale(Math.abs(number.value), number.isSigned ? Math.sign(number.value) : ownSign || sign, isLevel),
      )
    if (dimension || number.unit === 'px') {
      const px = Math.abs(number.value)
      return isSide(px) ? { kind: 'resize', to: dimension ?? 'width', px } : null
    }
    if (number.unit === null && number.value > 0 && number.value <= 8)
      return toScale((ownSign < 0 ? 1 / number.value : number.value) * 100)
    return null
  }
  const direction = ownSign || sign
  if (direction === 0) return null
  return toScale(100 * (direction > 0 ? 1.5 : 1 / 1.5) ** factor)
}

function readScale(percent: number, sign: number, isLevel: boolean): number {
  if (isLevel || sign === 0) return percent
  return 100 + sign * percent
}

const isSide = (px: number) => Number.isInteger(px) && px >= 1 && px <= maxPx
const toScale = (percent: number): ResizeClause | null =>
  percent >= 1 && percent <= 1600 ? { kind: 'resize', to: 'scale', percent } : null

/** Width in px or in per cent of the shorter side, white unless a colour is named. */
export function readBorder(lexemes: Lexeme[]): BorderClause | null {
  const { number, factor } = readModifiers(lexemes)
  const color = first(lexemes, 'color')?.color ?? white
  const width: Length = number
    ? { value: Math.abs(number.value), unit: number.unit === '%' ? '%' : 'px' }
    : { value: Math.min(3 * factor, 10), unit: '%' }
  const isFit = width.unit === '%' ? width.value <= 50 : width.value <= 2000
  return width.value > 0 && isFit ? { kind: 'border', width, color } : null
}

/** The side of a block: the number said, in px unless it is a percentage; otherwise a share that shows at any size. */
export function readBlockSize(number: Extract<Lexeme, { is: 'number' }> | null, factor: number): Length {
  const value = Math.abs(number?.value ?? 2.4 * factor)
  if (number && number.unit !== '%') return { value: Math.round(Math.min(Math.max(value, 2), 512)), unit: 'px' }
  return { value: Math.min(Math.max(value, 0.2), 25), unit: '%' }
}
