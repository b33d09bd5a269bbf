import type { Clause, GradedOp } from './clause.ts'
import { toLab } from './lab.ts'

/** Everything that changes a pixel by its own colour and place. Plain data, so that it crosses to the worker thread. */
export type Look = {
  brightness: number
  contrast: number
  saturation: number
  exposure: number
  gamma: number
  highlights: number
  shadows: number
  hueDegrees: number
  shiftA: number
  shiftB: number
  vignette: number
  grain: number
  seed: number
  isInverted: boolean
  isMono: boolean
  sepia: number
  posterizeLevels: number
}

/** How strongly a point of warmth pulls a* along with b*: warm light is orange, not yellow, and cool light is blue. */
const warmthToA = 0.3

/** The look the clauses ask for, at the fixed gain: the same amounts give the same look on every picture. Null where none does. */
export function toLook(clauses: Clause[], seed: number): Look | null {
  const amount = (op: GradedOp) => {
    const clause = clauses.find(each => each.kind === 'graded' && each.op === op)
    return clause?.kind === 'graded' ? clause.amount : 0
  }
  const brightness = clauses.find(each => each.kind === 'graded' && each.op === 'brightness')
  const gamma = clauses.find(each => each.kind === 'gamma')
  const sepia = clauses.find(each => each.kind === 'sepia')
  const posterize = clauses.find(each => each.kind === 'posterize')
  const tint = sumTints(clauses)
  const look: Look = {
    // On a mid-grey one point is one L*, and one per cent of 50 is half a point.
    brightness: amount('brightness') * (brightness?.kind === 'graded' && brightness.unit === '%' ? 0.5 : 1),
    contrast: amount('contrast') / 100,
    saturation: amount('saturation') / 100,
    exposure: amount('exposure'),
    gamma: gamma?.kind === 'gamma' ? gamma.value : 1,
    highlights: amount('highlights'),
    shadows: amount('shadows'),
    hueDegrees: amount('hue'),
    shiftA: Math.max(0, amount('warmth')) * warmthToA + tint.a,
    shiftB: amount('warmth') + tint.b,
    vignette: amount('vignette') / 100,
    grain: amount('grain'),
    seed,
    isInverted: clauses.some(each => each.kind === 'invert'),
    isMono: clauses.some(each => each.kind === 'mono'),
    sepia: sepia?.kind === 'sepia' ? sepia.percent / 100 : 0,
    posterizeLevels: posterize?.kind === 'posterize' ? posterize.levels : 0,
  }
  const { gamma: power, seed: _seed, ...rest } = look
  return power !== 1 || Object.values(rest).some(value => value !== 0 && value !== false) ? look : null
}

/** The hue of a colour as a unit vector in (a*, b*); null for greys, which have none. */
export function hueDirection(color: { r: number; g: number; b: number }): { a: number; b: number } | null {
  const lab = new Float64Array(3)
  toLab(color.r, color.g, color.b, lab)
  const [, a = 0, b = 0] = lab
  const chroma = Math.hypot(a, b)
  return chroma < 6 ? null : { a: a / chroma, b: b / chroma }
}

function sumTints(clauses: Clause[]): { a: number; b: number } {
  const sum = { a: 0, b: 0 }
  for (const clause of clauses) {
    const direction =
      clause.kind === 'graded' && clause.op === 'tint' && clause.color ? hueDirection(clause.color) : null
    if (!direction || clause.kind !== 'graded') continue
    sum.a += direction.a * clause.amount
    sum.b += direction.b * clause.amount
  }
  return sum
}
