import type { PixelSets, Plane } from './measure-planes.ts'

/** What only both pictures together can tell. Fractions are of the measured pixels. */
export type Comparison = {
  hueDegrees: number
  stops: number
  gamma: number
  structure: number
  blown: number
  crushed: number
  saturatedOut: number
}

/** Measures the change, plane against plane. */
export function comparePlanes(before: Plane, after: Plane, sets: PixelSets): Comparison {
  let n = 0
  let sumX = 0
  let sumY = 0
  let sumXx = 0
  let sumYy = 0
  let sumXy = 0
  let real = 0
  let imaginary = 0
  let blown = 0
  let crushed = 0
  let atLimit = 0
  for (let at = 0; at < sets.all.length; at += 1) {
    if (!sets.all[at]) continue
    const x = before.lightness[at] ?? 0
    const y = after.lightness[at] ?? 0
    n += 1
    sumX += x
    sumY += y
    sumXx += x * x
    sumYy += y * y
    sumXy += x * y
    const a0 = before.a[at] ?? 0
    const b0 = before.b[at] ?? 0
    const a1 = after.a[at] ?? 0
    const b1 = after.b[at] ?? 0
    real += a0 * a1 + b0 * b1
    imaginary += a0 * b1 - b0 * a1
    if (y > 99 && x < 96) blown += 1
    if (y < 1 && x > 5) crushed += 1
    if (after.atLimit[at] && !before.atLimit[at]) atLimit += 1
  }
  const m = Math.max(1, n)
  const covariance = sumXy / m - (sumX / m) * (sumY / m)
  const spread = Math.sqrt(Math.max(0, sumXx / m - (sumX / m) ** 2) * Math.max(0, sumYy / m - (sumY / m) ** 2))
  return {
    hueDegrees: real === 0 && imaginary === 0 ? 0 : (Math.atan2(imaginary, real) * 180) / Math.PI,
    stops: measureStops(before, after, sets),
    gamma: measureGamma(before, after, sets),
    structure: spread > 1e-6 ? covariance / spread : 1,
    blown: blown / m,
    crushed: crushed / m,
    saturatedOut: atLimit / m,
  }
}

/** The power between the two lightnesses, over every fourth middle tone. */
function measureGamma(before: Plane, after: Plane, { order }: PixelSets): number {
  let sum = 0
  let count = 0
  for (let index = 0; index < order.length; index += 4) {
    const x = before.lightness[order[index] ?? 0] ?? 0
    const y = after.lightness[order[index] ?? 0] ?? 0
    if (x < 10 || x > 90 || y < 1 || y > 99) continue
    sum += Math.log(y / 100) / Math.log(x / 100)
    count += 1
  }
  return sum > 0 ? count / sum : 1
}

const stopBins = 1601

/**
 * By how many stops the light changed: the median over the middle tones, where neither black nor the roll-off of the
 * lights holds it back. A picture without middle tones is measured wherever it is not black.
 */
function measureStops(before: Plane, after: Plane, { order, tonal }: PixelSets): number {
  const within = (from: number, to: number): number | null => {
    const bins = new Uint32Array(stopBins)
    let count = 0
    for (let at = 0; at < tonal.length; at += 1) {
      const x = before.lightness[at] ?? 0
      if (!tonal[at] || x < from || x > to) continue
      const stops = Math.log2(toLuminance(after.lightness[at] ?? 0) / toLuminance(x))
      const bin = Math.min(Math.max(Math.round(stops * 100) + 800, 0), stopBins - 1)
      bins[bin] = (bins[bin] ?? 0) + 1
      count += 1
    }
    if (count < order.length / 50 || count === 0) return null
    let seen = 0
    const middle = bins.findIndex(bin => {
      seen += bin
      return seen * 2 >= count
    })
    return (middle - 800) / 100
  }
  return within(10, 65) ?? within(1, 100) ?? 0
}

const toLuminance = (lightness: number) =>
  lightness > 8 ? ((lightness + 16) / 116) ** 3 : Math.max(lightness, 0.01) / 903.3
