import type { Pixels } from './apply-look.ts'
import { toLab } from './lab.ts'
import type { Wish } from './measure-denied.ts'

/** A rectangle as fractions of the picture. */
export type Area = { left: number; top: number; width: number; height: number }

/** The aligned source and the edited picture, same size, at most 512 px; `excluded` holds captions. */
export type MeasureRequest = {
  source: Pixels
  edited: Pixels
  excluded: Area[]
  isInverted: boolean
  isVignetted: boolean
  isGrained: boolean
  wishes: Wish[]
}

/** A picture as planes of CIELAB; `atLimit` marks pixels with a channel at its upper end. */
export type Plane = {
  lightness: Float32Array
  a: Float32Array
  b: Float32Array
  atLimit: Uint8Array
}

/** Which pixels count for what: masks over the picture, `order` its tonal pixels from dark to bright, `flat` the corners of flat blocks. */
export type PixelSets = {
  all: Uint8Array
  tonal: Uint8Array
  corner: Uint8Array
  center: Uint8Array
  order: Int32Array
  flat: Int32Array
}

/** Both planes of a request and the pixels to measure, all chosen by the source alone. */
export function toPlanes(request: MeasureRequest): { before: Plane; after: Plane; sets: PixelSets } {
  const { source, edited } = request
  const sets = toSets(request)
  const before = toPlane(source, request.isInverted)
  const after = toPlane(edited, false)
  orderByLightness(sets, before)
  findFlat(sets, before, source.width, source.height)
  return { before, after, sets }
}

function toSets({ source, excluded, isVignetted }: MeasureRequest): PixelSets {
  const { data, width, height, channels } = source
  const count = width * height
  const isMasked = excluded.length > 0
  const sets = {
    all: new Uint8Array(count),
    tonal: new Uint8Array(count),
    corner: new Uint8Array(count),
    center: new Uint8Array(count),
    order: new Int32Array(0),
    flat: new Int32Array(0),
  }
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x
      if (channels === 4 && (data[at * 4 + 3] ?? 0) < 250) continue
      if (isMasked && excluded.some(area => isInside(area, (x + 0.5) / width, (y + 0.5) / height))) continue
      const across = (2 * (x + 0.5)) / width - 1
      const down = (2 * (y + 0.5)) / height - 1
      const reach = Math.sqrt((across * across + down * down) / 2)
      sets.all[at] = 1
      sets.corner[at] = reach > 0.8 ? 1 : 0
      sets.center[at] = reach < 0.42 ? 1 : 0
      // A vignette must not count as a darker picture: the middle, which it leaves alone, stands for the whole.
      sets.tonal[at] = isVignetted ? (sets.center[at] ?? 0) : 1
    }
  }
  return sets
}

const isInside = (area: Area, x: number, y: number) =>
  x >= area.left && x < area.left + area.width && y >= area.top && y < area.top + area.height

function toPlane({ data, width, height, channels }: Pixels, isInverted: boolean): Plane {
  const count = width * height
  const plane = {
    lightness: new Float32Array(count),
    a: new Float32Array(count),
    b: new Float32Array(count),
    atLimit: new Uint8Array(count),
  }
  const lab = new Float64Array(3)
  for (let at = 0; at < count; at += 1) {
    const flip = isInverted ? 255 : 0
    const r = Math.abs(flip - (data[at * channels] ?? 0))
    const g = Math.abs(flip - (data[at * channels + 1] ?? 0))
    const b = Math.abs(flip - (data[at * channels + 2] ?? 0))
    toLab(r, g, b, lab)
    plane.lightness[at] = lab[0] ?? 0
    plane.a[at] = lab[1] ?? 0
    plane.b[at] = lab[2] ?? 0
    const isAtLimit = Math.max(r, g, b) >= 254
    plane.atLimit[at] = isAtLimit ? 1 : 0
  }
  return plane
}

function orderByLightness(sets: PixelSets, { lightness }: Plane): void {
  const bucketOf = (at: number) => Math.min(1023, Math.floor((lightness[at] ?? 0) * 10.23))
  const ends = new Int32Array(1025)
  let count = 0
  for (let at = 0; at < sets.tonal.length; at += 1) {
    if (!sets.tonal[at]) continue
    const next = bucketOf(at) + 1
    ends[next] = (ends[next] ?? 0) + 1
    count += 1
  }
  for (let bucket = 1; bucket < ends.length; bucket += 1) ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0)
  sets.order = new Int32Array(count)
  for (let at = 0; at < sets.tonal.length; at += 1) {
    if (!sets.tonal[at]) continue
    const bucket = bucketOf(at)
    const place = ends[bucket] ?? 0
    ends[bucket] = place + 1
    sets.order[place] = at
  }
}

/** The centres of the flattest quarter of 8 x 8 blocks of the source: where noise shows. */
function findFlat(sets: PixelSets, { lightness }: Plane, width: number, height: number): void {
  const blocks: { at: number; spread: number }[] = []
  for (let top = 2; top + 10 <= height; top += 8) {
    for (let left = 2; left + 10 <= width; left += 8) {
      const at = top * width + left
      if (!sets.all[at] || !sets.all[at + 7 * width + 7]) continue
      let sum = 0
      let squares = 0
      for (let y = 0; y < 8; y += 1) {
        for (let x = 0; x < 8; x += 1) {
          const value = lightness[at + y * width + x] ?? 0
          sum += value
          squares += value * value
        }
      }
      const mean = sum / 64
      // Blocks at black or white hide their noise.
      if (mean > 4 && mean < 97) blocks.push({ at, spread: squares / 64 - mean * mean })
    }
  }
  blocks.sort((one, other) => one.spread - other.spread || one.at - other.at)
  sets.flat = Int32Array.from(blocks.slice(0, Math.ceil(blocks.length / 4)), block => block.at)
}
