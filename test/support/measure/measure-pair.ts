import { type LabPlanes, toLabPlanes } from './lab-planes.ts'
import { quietNoise } from './quiet-noise.ts'

/** What changed between two pictures of one size. Points are CIELAB units, percentages are of the first picture's value. */
export type Change = {
  lightness: number
  lightnessPercent: number
  contrastPercent: number
  chroma: number
  chromaPercent: number
  a: number
  b: number
  /** Beside a change of saturation: the spread of the colours, and how far their mean moved beyond its share of it. */
  spreadPercent: number
  castB: number
  hueDegrees: number
  brightQuarter: number
  darkQuarter: number
  /** The median over the middle tones, L* 10 to 65, which a stop or two do not clip. */
  stops: number
  sharpnessPercent: number
  noise: number
  cornersPercent: number
  chromaLeft: number
  meanHue: number
  /** The correlation of the two lightnesses. */
  likeness: number
}

type Keep = (x: number, y: number) => boolean

/** Measures the change. `where` limits it to a part, given as 0-1 across and down; sharpness and noise see the whole. */
export async function measurePair(before: Buffer, after: Buffer, where: Keep = () => true): Promise<Change> {
  const [one, two] = await Promise.all([toLabPlanes(before), toLabPlanes(after)])
  if (one.width !== two.width || one.height !== two.height)
    throw new Error(`${one.width} x ${one.height} cannot be compared with ${two.width} x ${two.height}.`)
  const places = placesOf(one, where)
  const [v, w] = [valuesOf(one, places), valuesOf(two, places)]
  const spread = w.spread / v.spread
  const ordered = places.map(p => one.l[p] ?? 0).sort()
  const quarter = Math.floor(places.length / 4)
  const [dark, bright] = [ordered[quarter] ?? 0, ordered[places.length - quarter] ?? 0]
  const shiftWhere = (isIn: (l: number) => boolean) => {
    const set = places.filter(p => isIn(one.l[p] ?? 0))
    return mean(
      set.length,
      sumOf(set, p => (two.l[p] ?? 0) - (one.l[p] ?? 0)),
    )
  }
  return {
    lightness: w.l - v.l,
    lightnessPercent: percent(v.l, w.l),
    contrastPercent: percent(v.deviation, w.deviation),
    chroma: w.chroma - v.chroma,
    chromaPercent: percent(v.chroma, w.chroma),
    a: w.a - v.a,
    b: w.b - v.b,
    spreadPercent: percent(v.spread, w.spread),
    castB: w.b - v.b * spread,
    hueDegrees: turnOf(one, two, places),
    brightQuarter: shiftWhere(l => l >= bright),
    darkQuarter: shiftWhere(l => l <= dark),
    stops: stopsOf(one, two, places),
    sharpnessPercent: percent(edgeEnergy(one), edgeEnergy(two)),
    noise: Math.sqrt(Math.max(0, quietNoise(one, two) ** 2 - quietNoise(one, one) ** 2)),
    cornersPercent: cornersPercent(one, two),
    chromaLeft: w.chroma,
    meanHue: (Math.atan2(w.b, w.a) * 180) / Math.PI,
    likeness:
      mean(
        places.length,
        sumOf(places, p => ((one.l[p] ?? 0) - v.l) * ((two.l[p] ?? 0) - w.l)),
      ) /
      (v.deviation * w.deviation),
  }
}

const percent = (from: number, to: number) => (to / from - 1) * 100
const mean = (count: number, sum: number) => sum / Math.max(1, count)

function sumOf(places: Float64Array, value: (place: number) => number): number {
  let sum = 0
  for (const place of places) sum += value(place)
  return sum
}

/** The pixels that count, as their numbers (in a Float64Array, so that `map` can hold values of any kind). */
function placesOf({ width, height }: LabPlanes, where: Keep): Float64Array {
  const places = new Float64Array(width * height)
  let count = 0
  for (let p = 0; p < width * height; p += 1) {
    if (where(((p % width) + 0.5) / width, (Math.floor(p / width) + 0.5) / height)) places[count++] = p
  }
  return places.subarray(0, count)
}

function valuesOf({ l, a, b }: LabPlanes, places: Float64Array) {
  const average = (value: (p: number) => number) => mean(places.length, sumOf(places, value))
  const [ml, ma, mb] = [average(p => l[p] ?? 0), average(p => a[p] ?? 0), average(p => b[p] ?? 0)]
  return {
    l: ml,
    a: ma,
    b: mb,
    deviation: Math.sqrt(average(p => ((l[p] ?? 0) - ml) ** 2)),
    chroma: average(p => Math.sqrt((a[p] ?? 0) ** 2 + (b[p] ?? 0) ** 2)),
    spread: Math.sqrt(average(p => ((a[p] ?? 0) - ma) ** 2 + ((b[p] ?? 0) - mb) ** 2)),
  }
}

function stopsOf(one: LabPlanes, two: LabPlanes, places: Float64Array): number {
  const middle = places.filter(p => (one.l[p] ?? 0) >= 10 && (one.l[p] ?? 0) <= 65)
  const stops = middle.map(p => Math.log2((two.y[p] ?? 0) / (one.y[p] ?? 1))).sort()
  return stops[Math.floor(stops.length / 2)] ?? 0
}

/** The angle by which colours turned, strong colours counting more. */
function turnOf(one: LabPlanes, two: LabPlanes, places: Float64Array): number {
  let [along, across] = [0, 0]
  for (const p of places) {
    const a0 = one.a[p] ?? 0
    const b0 = one.b[p] ?? 0
    const a1 = two.a[p] ?? 0
    const b1 = two.b[p] ?? 0
    along += a0 * a1 + b0 * b1
    across += a0 * b1 - b0 * a1
  }
  return (Math.atan2(across, along) * 180) / Math.PI
}

/** Mean absolute second difference of lightness, across and down. */
function edgeEnergy({ l, width, height }: LabPlanes): number {
  let [sum, count] = [0, 0]
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const p = y * width + x
      sum += Math.abs(4 * (l[p] ?? 0) - (l[p - 1] ?? 0) - (l[p + 1] ?? 0) - (l[p - width] ?? 0) - (l[p + width] ?? 0))
      count += 1
    }
  }
  return sum / count
}

/** How much darker the corners became than the middle. */
function cornersPercent(one: LabPlanes, two: LabPlanes): number {
  const reach = (x: number, y: number) => Math.sqrt(((2 * x - 1) ** 2 + (2 * y - 1) ** 2) / 2)
  const corners = placesOf(one, (x, y) => reach(x, y) > 0.8)
  const middle = placesOf(one, (x, y) => reach(x, y) < 0.4)
  const level = ({ l }: LabPlanes, set: Float64Array) =>
    mean(
      set.length,
      sumOf(set, p => l[p] ?? 0),
    )
  return (1 - (level(two, corners) / level(one, corners)) * (level(one, middle) / level(two, middle))) * 100
}
