import type { Look } from './look.ts'

const steps = 1000

/** Tables over L* 0-100: the new lightness, and what chroma is multiplied with (exposure is light, so it takes chroma along). */
export type ToneCurve = { lightness: Float64Array; chroma: Float64Array }

/** How many of a picture's pixels have each whole L*, 0-100. */
export type LightnessHistogram = Float64Array

/**
 * The tonal part of a look as one curve. The amounts are the look's alone; where the tones begin and end is the picture's:
 * contrast turns about the level that leaves the mean lightness where it was, highlights and shadows are its own.
 */
export function toToneCurve(look: Look, histogram: LightnessHistogram): ToneCurve {
  const lightness = new Float64Array(steps + 2)
  const chroma = new Float64Array(steps + 2)
  // Contrast comes after brightness: it holds the mean that brightness made, and nothing flattens it again.
  const light = (value: number) => brighten(expose(gammaCorrect(value, look.gamma), look.exposure), look.brightness)
  const lit = histogramAfter(histogram, light)
  const pivot = look.contrast === 0 ? 50 : findPivot(lit, look.contrast)
  const tonal = histogramAfter(lit, value => contrast(value, pivot, look.contrast))
  const middle = quantile(tonal, 0.5)
  const [dark, bright] = [Math.min(quantile(tonal, 0.1), middle - 25), Math.max(quantile(tonal, 0.9), middle + 25)]
  let highest = 0
  for (let step = 0; step < lightness.length; step += 1) {
    const source = Math.min((step / steps) * 100, 100)
    const corrected = gammaCorrect(source, look.gamma)
    const exposed = expose(corrected, look.exposure)
    chroma[step] = (exposed + 16) / (corrected + 16)
    let value = contrast(brighten(exposed, look.brightness), pivot, look.contrast)
    value += look.shadows * (1 - smoothstep(dark, middle, value)) * (0.35 + 0.65 * smoothstep(0, 14, value))
    value += look.highlights * smoothstep(middle, bright, value) * (1 - 0.4 * smoothstep(90, 100, value))
    highest = Math.max(highest, Math.min(Math.max(value, 0), 100))
    lightness[step] = highest
  }
  return { lightness, chroma }
}

/** The table's value at a lightness, between its steps. */
export function readCurve(table: Float64Array, lightness: number): number {
  const at = Math.min(Math.max(lightness, 0), 100) * (steps / 100)
  const step = Math.floor(at)
  const low = table[step] ?? 0
  return low + (at - step) * ((table[step + 1] ?? low) - low)
}

export function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(Math.max((value - from) / (to - from), 0), 1)
  return t * t * (3 - 2 * t)
}

/** Black and white stay, a mid-grey moves by `points`; slopes stay finite, so shadows do not break up. */
function brighten(lightness: number, points: number): number {
  const moved = Math.min(Math.max(points, -48), 48) / 100
  const slope = (0.5 + moved) / (0.5 - moved)
  return (100 * slope * lightness) / (100 + (slope - 1) * lightness)
}

/** Less is a straight line to the pivot; more is an S that leaves black and white where they are. */
function contrast(lightness: number, pivot: number, amount: number): number {
  if (amount <= 0) return pivot + (lightness - pivot) * (1 + amount)
  const power = 1 + 1.8 * amount
  if (lightness < pivot) return pivot * (lightness / pivot) ** power
  return 100 - (100 - pivot) * ((100 - lightness) / (100 - pivot)) ** power
}

const gammaCorrect = (lightness: number, gamma: number) => 100 * (lightness / 100) ** (1 / gamma)

/** Multiplies light; what would pass L* 80 is rolled off, as film does. */
function expose(lightness: number, stops: number): number {
  if (stops === 0) return lightness
  const exposed = 2 ** (stops / 3) * (lightness + 16) - 16
  if (stops < 0) return Math.max(exposed, lightness * 2 ** (stops / 3) * 0.5)
  return exposed <= 80 ? exposed : 80 + 20 * (1 - Math.exp(-(exposed - 80) / 20))
}

function histogramAfter(histogram: LightnessHistogram, change: (value: number) => number): LightnessHistogram {
  const after = new Float64Array(101)
  for (const [value, count] of histogram.entries()) {
    const bin = Math.round(Math.min(Math.max(change(value), 0), 100))
    after[bin] = (after[bin] ?? 0) + count
  }
  return after
}

function findPivot(histogram: LightnessHistogram, amount: number): number {
  const mean = meanAfter(histogram, value => value)
  let [low, high] = [2, 98]
  // A higher pivot makes an S-curve darken; a flatter line about it brighten.
  for (let step = 0; step < 14; step += 1) {
    const pivot = (low + high) / 2
    const isHigher = meanAfter(histogram, value => contrast(value, pivot, amount)) > mean
    if (isHigher === amount > 0) low = pivot
    else high = pivot
  }
  return (low + high) / 2
}

function meanAfter(histogram: LightnessHistogram, change: (value: number) => number): number {
  let [sum, total] = [0, 0]
  for (const [value, count] of histogram.entries()) {
    sum += count * change(value)
    total += count
  }
  return total > 0 ? sum / total : 50
}

function quantile(histogram: LightnessHistogram, share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let seen = 0
  for (const [value, count] of histogram.entries()) {
    seen += count
    if (seen >= total * share) return value
  }
  return 100
}
