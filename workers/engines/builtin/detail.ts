import type { Pixels } from './apply-look.ts'
import type { Clause, GradedOp, Length } from './clause.ts'
import type { PixelThread } from './pixel-thread.ts'
import { type Size, toPixels, toSharp } from './raw-picture.ts'

// Radii are meant at 512 px along the longer side and grow with the picture, so that an edit looks the same at any size.
const referenceSide = 512

/** Noise reduction, then blur or sharpening: everything that looks at a pixel's neighbours. Fixed gain. */
export async function applyDetail(
  pixels: Pixels,
  clauses: Clause[],
  thread: PixelThread,
  signal: AbortSignal,
): Promise<Pixels> {
  const scale = Math.max(1, Math.max(pixels.width, pixels.height) / referenceSide)
  let result = pixels
  const noise = amountOf(clauses, 'noise')
  const window = Math.min(9, 3 + 2 * Math.floor(scale / 2), pixels.width, pixels.height)
  if (noise < 0 && window > 1) {
    const median = await toPixels(toSharp(result).median(window))
    result = await thread.mix(result, median, noiseMoves(-noise / 100), signal)
  }
  const sharpness = amountOf(clauses, 'sharpness')
  if (sharpness > 0) {
    const strength = sharpness / 100
    const sharpened = { sigma: 1.1 * scale, m1: strength * 0.6, m2: strength * 1.5, x1: 2, y2: 14, y3: 18 }
    result = await toPixels(toSharp(result).sharpen(sharpened))
  }
  if (sharpness < 0) {
    const { sigma, share } = softness(-sharpness / 100)
    const soft = await toPixels(toSharp(result).blur(sigma * scale))
    result = share < 1 ? await thread.mix(result, soft, blendMoves(share), signal) : soft
  }
  const radius = clauses.find(clause => clause.kind === 'blur')
  if (radius?.kind === 'blur') result = await toPixels(toSharp(result).blur(radius.px))
  return result
}

/** The side of a block in px on a picture of this size. */
export const blockSide = ({ value, unit }: Length, { width, height }: Size): number =>
  unit === 'px' ? value : Math.max(2, Math.round((Math.max(width, height) * value) / 100))

/** Square blocks of one colour each, from the top left corner. */
export async function pixelate(pixels: Pixels, size: Length): Promise<Pixels> {
  const { width, height } = pixels
  const px = blockSide(size, pixels)
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

/** A light softening lays a blurred copy over the picture, a strong one blurs wider: the change is smooth from none to all. */
function softness(amount: number): { sigma: number; share: number } {
  // What a blur leaves of the edges of a photograph is about 0.3 / sigma.
  const turn = 0.7
  if (amount <= turn) return { sigma: 1, share: (amount / turn) ** 1.1 }
  return { sigma: ((1 - turn) / (1 - Math.min(amount, 0.985))) ** 0.87, share: 1 }
}

const moveTable = (move: (difference: number) => number): Int16Array =>
  Int16Array.from({ length: 511 }, (_, at) => Math.round(move(at - 255)))

const blendMoves = (share: number) => moveTable(difference => difference * share)

/** Towards the median around it, but only where a value is near it: edges and texture stand out and stay. */
function noiseMoves(share: number): Int16Array {
  const reach = 6 + 22 * share
  return moveTable(difference => difference * Math.min(1, share * 1.1) * Math.exp(-((difference / reach) ** 2)))
}
