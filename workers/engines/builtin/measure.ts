import { type MeasureRequest, type PixelSets, type Plane, toPlanes } from './measure-planes.ts'

/** What one picture measures. Lightness and colour in CIELAB; `sharpness`, `noise` in L*. */
export type Values = {
  lightness: number
  contrast: number
  chroma: number
  a: number
  b: number
  colorSpread: number
  highlights: number
  shadows: number
  luminance: number
  sharpness: number
  noise: number
  corners: number
  center: number
  levels: number
}

/** Both pictures' values and what only the pair can tell. Fractions are of the measured pixels. */
export type Measurement = {
  source: Values
  edited: Values
  hueDegrees: number
  gamma: number
  structure: number
  blown: number
  crushed: number
  saturatedOut: number
}

/** Measures the pair. Deterministic; runs in the worker thread. */
export function measure(request: MeasureRequest): Measurement {
  const { width, height } = request.source
  const { before, after, sets } = toPlanes(request)
  return {
    source: toValues(before, sets, width, height),
    edited: toValues(after, sets, width, height),
    ...compare(before, after, sets),
  }
}

function toValues(plane: Plane, sets: PixelSets, width: number, height: number): Values {
  const { lightness, a, b } = plane
  const count = sets.order.length
  let sumL = 0
  let squaresL = 0
  let sumC = 0
  let sumA = 0
  let sumB = 0
  let squaresAb = 0
  const bins = new Uint32Array(401)
  for (let index = 0; index < count; index += 1) {
    const at = sets.order[index] ?? 0
    const value = lightness[at] ?? 0
    const green = a[at] ?? 0
    const blue = b[at] ?? 0
    const square = green * green + blue * blue
    sumL += value
    squaresL += value * value
    sumC += Math.sqrt(square)
    sumA += green
    sumB += blue
    squaresAb += square
    const bin = Math.round(Math.min(Math.max(value, 0), 100) * 4)
    bins[bin] = (bins[bin] ?? 0) + 1
  }
  const n = Math.max(1, count)
  const quarter = Math.floor(count / 4)
  const enough = Math.max(1, count / 20_000)
  return {
    lightness: sumL / n,
    contrast: Math.sqrt(Math.max(0, squaresL / n - (sumL / n) ** 2)),
    chroma: sumC / n,
    a: sumA / n,
    b: sumB / n,
    colorSpread: Math.sqrt(Math.max(0, squaresAb / n - (sumA / n) ** 2 - (sumB / n) ** 2)),
    shadows: meanOf(lightness, sets.order.subarray(0, Math.max(1, quarter))),
    highlights: meanOf(lightness, sets.order.subarray(Math.max(0, count - quarter))),
    luminance: plane.luminance,
    sharpness: meanLaplacian(lightness, sets.all, width, height),
    noise: flatNoise(lightness, sets.flat, width),
    corners: meanWhere(lightness, sets.corner),
    center: meanWhere(lightness, sets.center),
    levels: bins.reduce((sum, bin) => sum + (bin >= enough ? 1 : 0), 0),
  }
}

function meanOf(values: Float32Array, places: Int32Array): number {
  let sum = 0
  for (const at of places) sum += values[at] ?? 0
  return places.length > 0 ? sum / places.length : 0
}

function meanWhere(values: Float32Array, set: Uint8Array): number {
  let sum = 0
  let count = 0
  for (let at = 0; at < set.length; at += 1) {
    if (!set[at]) continue
    sum += values[at] ?? 0
    count += 1
  }
  return count > 0 ? sum / count : 0
}

function meanLaplacian(values: Float32Array, set: Uint8Array, width: number, height: number): number {
  let sum = 0
  let count = 0
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x
      if (!set[at] || !set[at - width] || !set[at + width] || !set[at - 1] || !set[at + 1]) continue
      const around =
        (values[at - 1] ?? 0) + (values[at + 1] ?? 0) + (values[at - width] ?? 0) + (values[at + width] ?? 0)
      sum += Math.abs(4 * (values[at] ?? 0) - around)
      count += 1
    }
  }
  return count > 0 ? sum / count : 0
}

/** Immerkaer's estimate of the noise deviation, over the flat blocks. */
function flatNoise(values: Float32Array, flat: Int32Array, width: number): number {
  const row = (at: number) => (values[at - 1] ?? 0) - 2 * (values[at] ?? 0) + (values[at + 1] ?? 0)
  let sum = 0
  for (const start of flat) {
    for (let y = 0; y < 8; y += 1) {
      for (let x = 0; x < 8; x += 1) {
        const at = start + y * width + x
        sum += Math.abs(row(at - width) - 2 * row(at) + row(at + width))
      }
    }
  }
  return flat.length > 0 ? (sum * Math.sqrt(Math.PI / 2)) / (6 * 64 * flat.length) : 0
}

function compare(before: Plane, after: Plane, sets: PixelSets): Omit<Measurement, 'source' | 'edited'> {
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
