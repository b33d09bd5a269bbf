import type { GradedClause } from './clause.ts'
import { clampAmount, gradedOps } from './graded-ops.ts'
import { hueDirection } from './look.ts'
import type { Measurement, Values } from './measure.ts'

/** One clause's verdict. `miss` is the distance from the asked change in tolerances: up to 1 is a hit; `hint` says why it cannot be; `isDenied` that a screen cannot show most of what is missing. */
export type GradedJudgement = {
  clause: GradedClause
  measured: number
  miss: number
  score: number
  hint: string | null
  isDenied: boolean
}

// A hit is inside 14% of what was asked; the promise to users is 20%, which leaves room for other ways to measure.
const relativeTolerance = 0.14
// Where what is missing cannot be shown at all, a hit may come nearer to that promise, and never beyond it.
const deniedTolerance = 0.185

/** Measures one clause against what was asked. A hit scores 8 to 10, no change at all 0. */
export function judgeGraded(clause: GradedClause, measurement: Measurement, isMixed: boolean): GradedJudgement {
  const hint = findHindrance(clause, measurement.source)
  const measured = measureChange(clause, measurement, isMixed)
  const tolerance = toleranceOf(clause, measurement.source)
  const short = Math.abs(measured - clause.amount)
  const isShort = (clause.amount - measured) * clause.amount > 0
  const denied = isShort ? Math.min(short, deniedOf(clause, measurement)) : 0
  const isDenied = short > tolerance && denied > short / 2
  const miss = Math.min(
    short / tolerance,
    Math.max((short - denied) / tolerance, short / (deniedTolerance * Math.abs(clause.amount))),
  )
  // Nothing to take away, and nothing added: as good as it can be.
  if (hint?.isHarmless && miss > 1)
    return { clause, measured, miss: 0.75, score: 8.5, hint: hint.text, isDenied: false }
  const score = scoreOf(miss, Math.abs(clause.amount) / tolerance)
  return { clause, measured, miss, score, hint: hint?.text ?? null, isDenied }
}

/** 10 for a perfect hit, 8 at the edge of the tolerance, falling to 0 where nothing was done (`untouched` tolerances off) or sooner. */
function scoreOf(miss: number, untouched: number): number {
  if (miss <= 1) return 10 - 2 * miss
  return Math.max(0, 8 - Math.max(1.5, 8 / Math.max(untouched - 1, 1)) * (miss - 1))
}

/**
 * The amount to try next: the step along the secant through (0, 0) and (tried, measured), its slope held to what the op
 * can plausibly have, because other clauses have a hand in what is measured. A clause never tried starts at what was asked.
 */
export function nextAmount(judgement: GradedJudgement, tried: number | null): number {
  const { clause, measured, miss } = judgement
  if (tried === null || tried === 0) return clampAmount(clause.op, clause.amount, clause.unit)
  if (miss < 0.12) return tried
  const { slopes } = gradedOps[clause.op]
  const slope = Math.min(Math.max(measured / tried, slopes[0]), slopes[1])
  // Never past three times that or back over zero in one round: curves bend.
  const step = tried + (clause.amount - measured) / slope
  const [near, far] = [tried * 0.3, tried * 3.2]
  return clampAmount(clause.op, Math.min(Math.max(step, Math.min(near, far)), Math.max(near, far)), clause.unit)
}

/**
 * The change of the clause's own measure, in the clause's unit. Where a cast and a saturation are asked together
 * (`isMixed`) each would count as the other: a cast adds chroma, less chroma takes cast away. Then saturation is the
 * spread of the colours about their mean, and the cast what the mean moved beyond its share of that.
 */
function measureChange(
  clause: GradedClause,
  { source, edited, hueDegrees, stops }: Measurement,
  isMixed: boolean,
): number {
  const spread = isMixed && source.colorSpread > 1 ? edited.colorSpread / source.colorSpread : 1
  const shiftA = edited.a - source.a * spread
  const shiftB = edited.b - source.b * spread
  const relative = (key: keyof Values) => (source[key] > 1e-6 ? (edited[key] / source[key] - 1) * 100 : 0)
  switch (clause.op) {
    case 'brightness':
      return clause.unit === '%' ? relative('lightness') : edited.lightness - source.lightness
    case 'contrast':
      return relative('contrast')
    case 'saturation':
      return relative(isMixed ? 'colorSpread' : 'chroma')
    case 'warmth':
      return shiftB
    case 'tint': {
      const direction = hueDirection(clause.color ?? { r: 0, g: 0, b: 0 }) ?? { a: 0, b: 0 }
      return direction.a * shiftA + direction.b * shiftB
    }
    case 'hue':
      // Half a turn and a bit is measured as less than half a turn the other way.
      return nearestTurn(hueDegrees, clause.amount)
    case 'highlights':
      return edited.highlights - source.highlights
    case 'shadows':
      return edited.shadows - source.shadows
    case 'exposure':
      return stops
    case 'sharpness':
      return relative('sharpness')
    case 'noise':
      return relative('noise')
    case 'grain':
      return Math.sqrt(Math.max(0, edited.noise ** 2 - source.noise ** 2))
    case 'vignette': {
      const fall = (edited.corners / Math.max(source.corners, 1)) * (source.center / Math.max(edited.center, 1))
      return (1 - fall) * 100
    }
    default:
      clause.op satisfies never
      return 0
  }
}

/** How far off still counts as a hit, in the clause's unit. */
function toleranceOf({ op, amount, unit }: GradedClause, source: Values): number {
  const floor = gradedOps[op].toleranceFloor
  const inUnit = op === 'brightness' && unit === '%' ? (floor / Math.max(source.lightness, 5)) * 100 : floor
  return Math.max(Math.abs(amount) * relativeTolerance, inUnit)
}

const deniedOf = ({ op }: GradedClause, { denied }: Measurement): number =>
  op === 'warmth' || op === 'tint' || op === 'saturation' ? (denied[op] ?? 0) : 0

function nearestTurn(degrees: number, wanted: number): number {
  return degrees + 360 * Math.round((wanted - degrees) / 360)
}

function findHindrance({ op, amount }: GradedClause, source: Values): { text: string; isHarmless: boolean } | null {
  if ((op === 'saturation' || op === 'hue') && source.chroma < 1.5)
    return { text: 'the picture has next to no colour', isHarmless: op === 'saturation' && amount < 0 }
  if (op === 'noise' && amount < 0 && source.noise < 0.3)
    return { text: 'the picture has next to no noise', isHarmless: true }
  if (op === 'contrast' && source.contrast < 0.5) return { text: 'the picture is of one tone', isHarmless: amount < 0 }
  return null
}
