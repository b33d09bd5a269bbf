import sharp from 'sharp'
import type { Expectation } from '../fixtures/expectation.ts'
import { type Change, measurePair } from './measure/measure-pair.ts'

/** What a round measures against what was asked: the amounts with their errors, and everything that is wrong. */
export type Outcome = {
  errors: { measure: keyof Change; asked: number; error: number; limit: number }[]
  faults: string[]
}

// In CIELAB units, so that two of them are allowed; the others must be within a fifth.
const inUnits: (keyof Change)[] = ['lightness', 'a', 'b', 'castB', 'chroma', 'brightQuarter', 'darkQuarter']
const lightnessMeasures: (keyof Change)[] = ['lightness', 'lightnessPercent', 'brightQuarter', 'darkQuarter', 'stops']
const detailMeasures: (keyof Change)[] = ['sharpnessPercent', 'noise']
const colorMeasures: (keyof Change)[] = [
  'a',
  'b',
  'castB',
  'chroma',
  'chromaPercent',
  'spreadPercent',
  'hueDegrees',
  'stops',
]

/** Measures a result with code of the tests' own: nothing here knows how the engines measure. */
export async function checkBuiltinResult(asked: Expectation, source: Buffer, result: Buffer): Promise<Outcome> {
  const faults: string[] = []
  const { width = 0, height = 0 } = await sharp(source).metadata()
  const laid = asked.shape ? await asked.shape(sharp(source), width, height).png().toBuffer() : source
  const expected = await sharp(laid).metadata()
  const frame = asked.frame ?? 0
  const actual = await sharp(result).metadata()
  const isSize = actual.width === expected.width + 2 * frame && actual.height === expected.height + 2 * frame
  if (!isSize) return { errors: [], faults: [`the size is ${actual.width} x ${actual.height}`] }
  const size = { width: expected.width, height: expected.height }
  const inner =
    frame === 0
      ? result
      : await sharp(result)
          .extract({ left: frame, top: frame, ...size })
          .png()
          .toBuffer()
  if (frame > 0 && !(await isWhiteFrame(result, frame))) faults.push('there is no white frame')

  const measures = (asked.amounts ?? []).map(({ measure }) => measure)
  const hasVignette = measures.includes('cornersPercent')
  const reach = (x: number, y: number) => Math.sqrt(((2 * x - 1) ** 2 + (2 * y - 1) ** 2) / 2)
  const isCounted = (x: number, y: number) =>
    (!hasVignette || reach(x, y) < 0.42) && !(asked.checks?.includes('captioned') && y > 0.82)
  const change = await measurePair(laid, inner, isCounted)
  const errors = (asked.amounts ?? []).map(({ measure, amount }) => {
    // Two CIELAB units, in per cent of the picture's own lightness where that is the measure.
    const unit = measure === 'lightnessPercent' ? change.lightnessPercent / change.lightness : 1
    const isInUnits = inUnits.includes(measure) || measure === 'lightnessPercent'
    const limit = Math.max(Math.abs(amount) * 0.2, isInUnits ? 2 * unit : 0)
    return { measure, asked: amount, error: Math.abs(change[measure] - amount), limit }
  })
  for (const check of asked.checks ?? [])
    if (!(await passes(check, change, inner, laid))) faults.push(`it is not ${check}`)
  faults.push(...findMoved(asked, measures, change))
  return { errors, faults }
}

/** What was not asked for and moved all the same. */
function findMoved({ checks = [], moves = [] }: Expectation, measures: (keyof Change)[], change: Change): string[] {
  const faults: string[] = []
  const isColored = checks.includes('mono') || checks.includes('sepia') || moves.includes('color')
  const isLit = moves.includes('lightness') || measures.some(measure => lightnessMeasures.includes(measure))
  if (!isLit && Math.abs(change.lightness) > 2) faults.push(`lightness moved by ${change.lightness.toFixed(1)}`)
  if (!isColored && !measures.some(measure => colorMeasures.includes(measure))) {
    if (Math.abs(change.chroma) > 3) faults.push(`chroma moved by ${change.chroma.toFixed(1)}`)
    if (Math.hypot(change.a, change.b) > 3.5)
      faults.push(`a cast of ${Math.hypot(change.a, change.b).toFixed(1)} appeared`)
    if (Math.abs(change.hueDegrees) > 4) faults.push(`hue moved by ${change.hueDegrees.toFixed(1)}`)
  }
  faults.push(...findMiscolored(moves, measures, change))
  const isToned = isLit || moves.includes('structure') || measures.includes('contrastPercent')
  const hasDetail = measures.some(measure => detailMeasures.includes(measure))
  if (!isToned && !hasDetail && Math.abs(change.contrastPercent) > 8)
    faults.push(`contrast moved by ${change.contrastPercent.toFixed(1)}%`)
  if (!isToned && !hasDetail && !checks.includes('captioned') && Math.abs(change.sharpnessPercent) > 25)
    faults.push(`sharpness moved by ${change.sharpnessPercent.toFixed(1)}%`)
  const isInverted = checks.includes('inverted')
  const likeness = isInverted ? -change.likeness : change.likeness
  if (likeness < (moves.includes('structure') ? 0.6 : 0.85))
    faults.push(`the likeness is ${change.likeness.toFixed(2)}`)
  return faults
}

/** A change of one thing about the colours must leave the others: warmth no magenta, saturation no other hue. */
function findMiscolored(moves: string[], measures: (keyof Change)[], change: Change): string[] {
  const asks = (...some: (keyof Change)[]) => some.some(measure => measures.includes(measure))
  const faults: string[] = []
  if (moves.includes('color')) return faults
  if (asks('b', 'castB') && Math.abs(change.a) > 2 + 0.4 * Math.abs(change.b))
    faults.push(`a* moved by ${change.a.toFixed(1)} beside b*`)
  if (asks('chromaPercent') && !asks('b', 'castB') && Math.abs(change.hueDegrees) > 4)
    faults.push(`hue moved by ${change.hueDegrees.toFixed(1)} beside saturation`)
  return faults
}

type Check = NonNullable<Expectation['checks']>[number]

async function passes(check: Check, change: Change, inner: Buffer, laid: Buffer): Promise<boolean> {
  switch (check) {
    case 'mono':
      return change.chromaLeft < 1
    case 'sepia':
      return change.meanHue > 55 && change.meanHue < 95 && change.chromaLeft > 6
    case 'inverted':
      return change.likeness < -0.85
    case 'levels':
      return (await countValues(inner)) <= 5
    case 'blocks':
      return (await repeatedShare(inner)) > 0.75
    case 'captioned':
      return (await whiteness(inner)) > (await whiteness(laid)) + 0.004
    default:
      check satisfies never
      return false
  }
}

async function isWhiteFrame(bytes: Buffer, frame: number): Promise<boolean> {
  const strip = await sharp(bytes).extract({ left: 0, top: 0, width: 40, height: frame }).raw().toBuffer()
  return strip.every(value => value > 250)
}

async function countValues(bytes: Buffer): Promise<number> {
  return new Set(await sharp(bytes).removeAlpha().raw().toBuffer()).size
}

/** How many pixels equal their left neighbour. */
async function repeatedShare(bytes: Buffer): Promise<number> {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  let same = 0
  for (let at = info.channels; at < data.length; at += info.channels) {
    if ([0, 1, 2].every(channel => Math.abs((data[at + channel] ?? 0) - (data[at + channel - 3] ?? 0)) <= 2)) same += 1
  }
  return same / (info.width * info.height)
}

/** The share of nearly white pixels in the lowest fifth, where captions go. */
async function whiteness(bytes: Buffer): Promise<number> {
  const { width, height } = await sharp(bytes).metadata()
  const top = Math.floor(height * 0.8)
  const low = await sharp(bytes)
    .extract({ left: 0, top, width, height: height - top })
    .removeAlpha()
    .raw()
    .toBuffer()
  let white = 0
  for (let at = 0; at < low.length; at += 3) if ([0, 1, 2].every(channel => (low[at + channel] ?? 0) > 248)) white += 1
  return white / (low.length / 3)
}
