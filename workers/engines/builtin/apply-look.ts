import { toLab, writeRgb } from './lab.ts'
import type { Look } from './look.ts'
import { type LightnessHistogram, readCurve, smoothstep, toToneCurve } from './tone-curve.ts'

/** Interleaved 8-bit sRGB pixels, three channels or four. */
export type Pixels = { data: Uint8Array; width: number; height: number; channels: number }

/** Changes the pixels in place; `isCanceled` is asked once a row. Runs in the worker thread. False when it was canceled. */
export function applyLook(pixels: Pixels, look: Look, isCanceled: () => boolean): boolean {
  const { data, width, height, channels } = pixels
  if (look.isInverted) invert(pixels)
  const curve = toToneCurve(look, toHistogram(pixels))
  const turn = { cos: Math.cos((look.hueDegrees * Math.PI) / 180), sin: Math.sin((look.hueDegrees * Math.PI) / 180) }
  const lab = new Float64Array(3)
  const grainSize = Math.max(1, Math.max(width, height) / 640)
  for (let y = 0; y < height; y += 1) {
    if (isCanceled()) return false
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * channels
      if (channels === 4 && data[at + 3] === 0) continue
      toLab(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0, lab)
      const source = lab[0] ?? 0
      let lightness = readCurve(curve.lightness, source)
      const gain = readCurve(curve.chroma, source) * chromaGain(look, Math.hypot(lab[1] ?? 0, lab[2] ?? 0))
      const a0 = (lab[1] ?? 0) * gain
      const b0 = (lab[2] ?? 0) * gain
      let a = a0 * turn.cos - b0 * turn.sin
      let b = a0 * turn.sin + b0 * turn.cos
      if (look.sepia > 0) {
        const bump = smoothstep(0, 45, lightness) * (1 - 0.75 * smoothstep(60, 100, lightness))
        a += (8 * bump - a) * look.sepia
        b += (24 * bump - b) * look.sepia
      }
      // Light colours what it falls on: black stays black.
      const weight = Math.min(1, lightness / 42)
      a += look.shiftA * weight
      b += look.shiftB * weight
      if (look.vignette !== 0) {
        const fall = falloff(x, y, width, height, look.vignette)
        const dimmed = Math.min(100, lightness * fall)
        const share = (dimmed + 16) / (lightness + 16)
        lightness = dimmed
        a *= share
        b *= share
      }
      if (look.grain > 0)
        lightness += look.grain * grainAt(x / grainSize, y / grainSize, look.seed) * grainWeight(lightness)
      writeRgb(Math.min(Math.max(lightness, 0), 100), a, b, data, at)
      if (look.posterizeLevels > 0) posterize(data, at, look.posterizeLevels)
    }
  }
  return true
}

/** Strong colours are raised less than weak ones, so skin and red suits do not burn out. */
function chromaGain(look: Look, chroma: number): number {
  if (look.isMono) return 0
  if (look.saturation <= 0) return 1 + look.saturation
  return 1 + look.saturation * (1 - 0.55 * Math.min(1, chroma / 90))
}

function invert({ data, channels }: Pixels): void {
  for (let at = 0; at < data.length; at += channels) {
    for (let channel = 0; channel < 3; channel += 1) data[at + channel] = 255 - (data[at + channel] ?? 0)
  }
}

function toHistogram({ data, width, height, channels }: Pixels): LightnessHistogram {
  const lab = new Float64Array(3)
  const histogram = new Float64Array(101)
  const stride = Math.max(1, Math.floor((width * height) / 20_000))
  for (let pixel = 0; pixel < width * height; pixel += stride) {
    const at = pixel * channels
    if (channels === 4 && data[at + 3] === 0) continue
    toLab(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0, lab)
    const bin = Math.round(Math.min(Math.max(lab[0] ?? 0, 0), 100))
    histogram[bin] = (histogram[bin] ?? 0) + 1
  }
  return histogram
}

/** 1 in the middle, down to 1 - strength in the outermost corners, along an ellipse of the picture's shape. */
function falloff(x: number, y: number, width: number, height: number, strength: number): number {
  const dx = (2 * (x + 0.5)) / width - 1
  const dy = (2 * (y + 0.5)) / height - 1
  return 1 - strength * smoothstep(0.42, 1.08, Math.hypot(dx, dy) / Math.SQRT2)
}

/** Grain shows in the middle tones and hardly in black or white. */
const grainWeight = (lightness: number) =>
  0.35 + 0.65 * Math.sin((Math.PI * Math.min(Math.max(lightness, 0), 100)) / 100)

/** Smooth noise of about unit deviation, the same for the same place and seed. */
function grainAt(x: number, y: number, seed: number): number {
  const left = Math.floor(x)
  const top = Math.floor(y)
  const across = x - left
  const down = y - top
  const upper = hash(left, top, seed) * (1 - across) + hash(left + 1, top, seed) * across
  const lower = hash(left, top + 1, seed) * (1 - across) + hash(left + 1, top + 1, seed) * across
  return upper * (1 - down) + lower * down
}

function hash(x: number, y: number, seed: number): number {
  let sum = 0
  let state = (Math.imul(x, 374_761_393) + Math.imul(y, 668_265_263) + Math.imul(seed | 0, 1_274_126_177)) | 0
  for (let round = 0; round < 3; round += 1) {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519)
    state = Math.imul(state ^ (state >>> 13), 3_266_489_917)
    state ^= state >>> 16
    sum += (state >>> 0) / 4_294_967_296
  }
  return (sum - 1.5) * 2
}

function posterize(data: Uint8Array, at: number, levels: number): void {
  for (let channel = 0; channel < 3; channel += 1) {
    const level = Math.round(((data[at + channel] ?? 0) / 255) * (levels - 1))
    data[at + channel] = Math.round((level / (levels - 1)) * 255)
  }
}

/** Moves each value of `base` towards `other` by the table's entry for their difference; in place, row by row. */
export function mixPixels(base: Pixels, other: Pixels, moves: Int16Array, isCanceled: () => boolean): boolean {
  const row = base.width * base.channels
  for (let start = 0; start < base.data.length; start += row) {
    if (isCanceled()) return false
    for (let at = start; at < start + row; at += 1) {
      const value = base.data[at] ?? 0
      base.data[at] = value + (moves[(other.data[at] ?? 0) - value + 255] ?? 0)
    }
  }
  return true
}
