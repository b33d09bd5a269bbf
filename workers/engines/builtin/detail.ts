import type { Pixels } from './apply-look.ts'
import type { Clause, GradedOp } from './clause.ts'
import { toPixels, toSharp } from './raw-picture.ts'

// Radii are meant at 512 px along the longer side and grow with the picture, so that an edit looks the same at any size.
const referenceSide = 512

/** Noise reduction, then blur or sharpening: everything that looks at a pixel's neighbours. Fixed gain. */
export async function applyDetail(pixels: Pixels, clauses: Clause[]): Promise<Pixels> {
  const scale = Math.max(1, Math.max(pixels.width, pixels.height) / referenceSide)
  let result = pixels
  const noise = amountOf(clauses, 'noise')
  if (noise < 0) result = await reduceNoise(result, -noise / 100, scale)
  const sharpness = amountOf(clauses, 'sharpness')
  if (sharpness > 0) {
    const strength = sharpness / 100
    result = await toPixels(
      toSharp(result).sharpen({ sigma: 1.1 * scale, m1: strength * 0.6, m2: strength * 1.5, x1: 2, y2: 14, y3: 18 }),
    )
  }
  if (sharpness < 0) result = await blur(result, blurSigma(-sharpness / 100) * scale)
  const radius = clauses.find(clause => clause.kind === 'blur')
  if (radius?.kind === 'blur') result = await blur(result, radius.px)
  return result
}

/** Square blocks of one colour each, from the top left corner. */
export async function pixelate(pixels: Pixels, px: number): Promise<Pixels> {
  const { width, height } = pixels
  const columns = Math.ceil(width / px)
  const rows = Math.ceil(height / px)
  const padded = await toPixels(
    toSharp(pixels).extend({ right: columns * px - width, bottom: rows * px - height, extendWith: 'copy' }),
  )
  const small = await toPixels(toSharp(padded).resize(columns, rows, { fit: 'fill', kernel: 'linear' }))
  const large = await toPixels(toSharp(small).resize(columns * px, rows * px, { fit: 'fill', kernel: 'nearest' }))
  return toPixels(toSharp(large).extract({ left: 0, top: 0, width, height }))
}

const amountOf = (clauses: Clause[], op: GradedOp) => {
  const clause = clauses.find(each => each.kind === 'graded' && each.op === op)
  return clause?.kind === 'graded' ? clause.amount : 0
}

/** The deviation that takes about this share of the fine detail from an ordinary photograph. */
const blurSigma = (share: number) => 0.25 + 0.75 * (share / (1 - Math.min(share, 0.985))) ** 0.75

const blur = (pixels: Pixels, sigma: number) =>
  sigma < 0.3 ? Promise.resolve(pixels) : toPixels(toSharp(pixels).blur(sigma))

/** Moves each value towards the median around it, but only where they are near: edges and texture stand out and stay. */
async function reduceNoise(pixels: Pixels, share: number, scale: number): Promise<Pixels> {
  const size = Math.min(9, 3 + 2 * Math.floor(scale / 2))
  const median = await toPixels(toSharp(pixels).median(size))
  const data = new Uint8Array(pixels.data)
  const reach = 6 + 22 * share
  const moves = new Int16Array(511)
  for (let difference = -255; difference <= 255; difference += 1)
    moves[difference + 255] = Math.round(difference * Math.min(1, share * 1.1) * Math.exp(-((difference / reach) ** 2)))
  for (let at = 0; at < data.length; at += 1)
    data[at] = (data[at] ?? 0) + (moves[(median.data[at] ?? 0) - (data[at] ?? 0) + 255] ?? 0)
  return { ...pixels, data }
}
