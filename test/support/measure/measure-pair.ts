import { type LabPlanes, toLabPlanes } from './lab-planes.ts'

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
  stops: number
  sharpnessPercent: number
  noise: number
  cornersPercent: number
  chromaLeft: number
  meanHue: number
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
  const percent = (from: number, to: number) => (to / from - 1) * 100
  const spread = w.spread / v.spread
  const byLightness = [...places].sort((p, q) => (one.l[p] ?? 0) - (one.l[q] ?? 0))
  const quarter = Math.floor(places.length / 4)
  const quarterShift = (set: number[]) => mean(set.map(p => (two.l[p] ?? 0) - (one.l[p] ?? 0)))
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
    brightQuarter: quarterShift(byLightness.slice(-quarter)),
    darkQuarter: quarterShift(byLightness.slice(0, quarter)),
    stops: Math.log2(mean(places.map(p => two.y[p] ?? 0)) / mean(places.map(p => one.y[p] ?? 0))),
    sharpnessPercent: percent(edgeEnergy(one), edgeEnergy(two)),
    noise: Math.sqrt(Math.max(0, quietNoise(one, two) ** 2 - quietNoise(one, one) ** 2)),
    cornersPercent: cornersPercent(one, two),
    chromaLeft: w.chroma,
    meanHue: (Math.atan2(w.b, w.a) * 180) / Math.PI,
    likeness: correlation(
      places.map(p => one.l[p] ?? 0),
      places.map(p => two.l[p] ?? 0),
    ),
  }
}

function placesOf({ width, height }: LabPlanes, where: Keep): number[] {
  const places: number[] = []
  for (let p = 0; p < width * height; p += 1) {
    if (where(((p % width) + 0.5) / width, (Math.floor(p / width) + 0.5) / height)) places.push(p)
  }
  return places
}

function valuesOf({ l, a, b }: LabPlanes, places: number[]) {
  const of = (plane: Float64Array) => places.map(p => plane[p] ?? 0)
  const [ls, as, bs] = [of(l), of(a), of(b)]
  return {
    l: mean(ls),
    deviation: deviation(ls),
    chroma: mean(as.map((value, index) => Math.hypot(value, bs[index] ?? 0))),
    a: mean(as),
    b: mean(bs),
    spread: Math.hypot(deviation(as), deviation(bs)),
  }
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

function deviation(values: number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map(value => (value - middle) ** 2)))
}

function correlation(one: number[], two: number[]): number {
  const [m, n] = [mean(one), mean(two)]
  return mean(one.map((value, index) => (value - m) * ((two[index] ?? 0) - n))) / (deviation(one) * deviation(two))
}

/** The angle by which colours turned, strong colours counting more. */
function turnOf(one: LabPlanes, two: LabPlanes, places: number[]): number {
  let [along, across] = [0, 0]
  for (const p of places) {
    const [a0, b0, a1, b1] = [one.a[p] ?? 0, one.b[p] ?? 0, two.a[p] ?? 0, two.b[p] ?? 0]
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

/** The deviation of lightness from its neighbours, in the quietest quarter of the first picture's 6 x 6 tiles. */
function quietNoise(first: LabPlanes, picture: LabPlanes): number {
  const { width, height } = first
  const tiles: { unrest: number; noise: number }[] = []
  for (let top = 1; top + 7 < height; top += 6) {
    for (let left = 1; left + 7 < width; left += 6) {
      const inside: number[] = []
      const residue: number[] = []
      for (let y = top; y < top + 6; y += 1) {
        for (let x = left; x < left + 6; x += 1) {
          const p = y * width + x
          inside.push(first.l[p] ?? 0)
          const at = (offset: number) => picture.l[p + offset] ?? 0
          const sides = at(-1) + at(1) + at(-width) + at(width)
          const diagonals = at(-width - 1) + at(-width + 1) + at(width - 1) + at(width + 1)
          residue.push((4 * at(0) - 2 * sides + diagonals) / 6)
        }
      }
      const level = mean(inside)
      if (level > 5 && level < 96)
        tiles.push({ unrest: deviation(inside), noise: Math.sqrt(mean(residue.map(r => r * r))) })
    }
  }
  tiles.sort((one, two) => one.unrest - two.unrest)
  return mean(tiles.slice(0, Math.ceil(tiles.length / 4)).map(tile => tile.noise))
}

/** How much darker the corners became than the middle. */
function cornersPercent(one: LabPlanes, two: LabPlanes): number {
  const reach = (x: number, y: number) => Math.hypot(2 * x - 1, 2 * y - 1) / Math.SQRT2
  const corners = placesOf(one, (x, y) => reach(x, y) > 0.8)
  const middle = placesOf(one, (x, y) => reach(x, y) < 0.4)
  const level = ({ l }: LabPlanes, set: number[]) => mean(set.map(p => l[p] ?? 0))
  return (1 - (level(two, corners) / level(one, corners)) * (level(one, middle) / level(two, middle))) * 100
}
