// sRGB to CIELAB (D65, 2 degrees) and back, on plain numbers: called once a pixel, so nothing here allocates.

const whiteX = 0.95047
const whiteZ = 1.08883
const epsilon = 216 / 24389
const kappa = 24389 / 27

const linearOf = new Float64Array(256)
for (let value = 0; value < 256; value += 1) {
  const v = value / 255
  linearOf[value] = v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
}
const gammaSteps = 8192
const gammaOf = new Float64Array(gammaSteps + 2)
for (let step = 0; step < gammaOf.length; step += 1) {
  const v = step / gammaSteps
  gammaOf[step] = 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055)
}

// The cube root as a table: three a pixel are most of the work, and the error stays under 0.001 L*.
const rootSteps = 4096
const rootOf = Float64Array.from({ length: Math.ceil(rootSteps * 1.1) + 2 }, (_, step) => Math.cbrt(step / rootSteps))

function pivot(t: number): number {
  if (t <= epsilon) return (kappa * t + 16) / 116
  const at = t * rootSteps
  const step = at | 0
  const low = rootOf[step] ?? 1
  return low + (at - step) * ((rootOf[step + 1] ?? low) - low)
}

/** Writes L*, a*, b* of an 8-bit sRGB colour into `out`. */
export function toLab(r: number, g: number, b: number, out: Float64Array): void {
  const lr = linearOf[r] ?? 0
  const lg = linearOf[g] ?? 0
  const lb = linearOf[b] ?? 0
  const x = pivot((0.4124564 * lr + 0.3575761 * lg + 0.1804375 * lb) / whiteX)
  const y = pivot(0.2126729 * lr + 0.7151522 * lg + 0.072175 * lb)
  const z = pivot((0.0193339 * lr + 0.119192 * lg + 0.9503041 * lb) / whiteZ)
  out[0] = 116 * y - 16
  out[1] = 500 * (x - y)
  out[2] = 200 * (y - z)
}

const unpivot = (t: number) => {
  const cube = t * t * t
  return cube > epsilon ? cube : (116 * t - 16) / kappa
}

let r = 0
let g = 0
let b = 0
function toLinearRgb(lightness: number, a: number, bb: number): boolean {
  const fy = (lightness + 16) / 116
  const x = unpivot(fy + a / 500) * whiteX
  const y = unpivot(fy)
  const z = unpivot(fy - bb / 200) * whiteZ
  r = 3.2404542 * x - 1.5371385 * y - 0.4985314 * z
  g = -0.969266 * x + 1.8760108 * y + 0.041556 * z
  b = 0.0556434 * x - 0.2040259 * y + 1.0572252 * z
  return r >= -0.0005 && r <= 1.0005 && g >= -0.0005 && g <= 1.0005 && b >= -0.0005 && b <= 1.0005
}

/** Whether the colour lies within what an sRGB screen can show. */
export const isShowable = (lightness: number, a: number, bb: number): boolean => toLinearRgb(lightness, a, bb)

const toByte = (linear: number) => {
  const at = Math.min(Math.max(linear, 0), 1) * gammaSteps
  const step = Math.floor(at)
  const low = gammaOf[step] ?? 0
  return Math.round(low + (at - step) * ((gammaOf[step + 1] ?? 255) - low))
}

/**
 * Writes the sRGB bytes of a CIELAB colour at `at`. A colour the screen cannot show moves towards a grey until it can,
 * which keeps the hue where cutting off channels would turn it. The grey is of its own lightness for pale colours and
 * nearer the middle for strong ones: a red suit made brighter stays red rather than turn pink.
 */
export function writeRgb(lightness: number, a: number, bb: number, out: Uint8Array, at: number): void {
  if (!toLinearRgb(lightness, a, bb)) {
    const strength = Math.min(1, Math.hypot(a, bb) / 80)
    const anchor = Math.min(Math.max(lightness + (55 - lightness) * 0.75 * strength, 4), 93)
    let low = 0
    let high = 1
    for (let step = 0; step < 7; step += 1) {
      const share = (low + high) / 2
      if (toLinearRgb(anchor + (lightness - anchor) * share, a * share, bb * share)) low = share
      else high = share
    }
    toLinearRgb(anchor + (lightness - anchor) * low, a * low, bb * low)
  }
  out[at] = toByte(r)
  out[at + 1] = toByte(g)
  out[at + 2] = toByte(b)
}
