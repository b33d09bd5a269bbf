import { type Comparison, comparePlanes } from './compare-planes.ts'
import { type Denied, measureDenied } from './measure-denied.ts'
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
  sharpness: number
  noise: number
  corners: number
  center: number
  levels: number
}

/** Both pictures' values and what only the pair can tell. */
export type Measurement = Comparison & { source: Values; edited: Values; denied: Denied }

/** Measures the pair. Deterministic; runs in the worker thread. */
export function measure(request: MeasureRequest): Measurement {
  const { before, after, sets } = toPlanes(request)
  return {
    source: toValues(before, sets, request),
    edited: toValues(after, sets, request),
    denied: measureDenied(before, after, sets, request.wishes),
    ...comparePlanes(before, after, sets),
  }
}

function toValues(plane: Plane, sets: PixelSets, { source, isGrained }: MeasureRequest): Values {
  const { width, height } = source
  const { lightness, a, b } = plane
  const count = sets.order.length
  let sumL = 0
  let squaresL = 0
  let sumC = 0
  let sumA = 0
  let sumB = 0
  let squaresAb = 0
  const bins = new Uint32Array(401)
  // In the order of memory rather than of lightness, which would miss the cache at every pixel.
  for (let at = 0; at < lightness.length; at += 1) {
    if (!sets.tonal[at]) continue
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
    // Grain is no contrast: where it is asked, the tones are those of small areas.
    contrast: isGrained ? areaContrast(lightness, sets.tonal, width, height) : spreadOf(sumL, squaresL, n),
    chroma: sumC / n,
    a: sumA / n,
    b: sumB / n,
    colorSpread: Math.sqrt(Math.max(0, squaresAb / n - (sumA / n) ** 2 - (sumB / n) ** 2)),
    shadows: meanOf(lightness, sets.order.subarray(0, Math.max(1, quarter))),
    highlights: meanOf(lightness, sets.order.subarray(Math.max(0, count - quarter))),
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

const spreadOf = (sum: number, squares: number, count: number) =>
  Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2))

/** The deviation of the means of 8 x 8 blocks that count as a whole. */
function areaContrast(values: Float32Array, set: Uint8Array, width: number, height: number): number {
  let [sum, squares, count] = [0, 0, 0]
  for (let top = 0; top + 8 <= height; top += 8) {
    for (let left = 0; left + 8 <= width; left += 8) {
      let [block, inside] = [0, 0]
      for (let y = top; y < top + 8; y += 1) {
        for (let at = y * width + left; at < y * width + left + 8; at += 1) {
          block += values[at] ?? 0
          inside += set[at] ?? 0
        }
      }
      if (inside < 64) continue
      sum += block / 64
      squares += (block / 64) ** 2
      count += 1
    }
  }
  return count > 0 ? spreadOf(sum, squares, count) : 0
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
