import sharp from 'sharp'
import type { DecodeGate } from './decode-gate.ts'
import type { ImageLimits } from './image-limits.ts'
import { openPicture } from './open-picture.ts'
import { toImageError } from './to-image-error.ts'

/** What a model server takes: at most so many pixels (null: any number), in sides that divide by `multipleOf` px. */
export type PictureFit = { maxPixels: number | null; multipleOf: number }

type Size = { width: number; height: number }

// A model that answers with another shape than it was given has cropped or extended on purpose.
const SAME_SHAPE = 0.03

/**
 * The picture in the size that `fit` allows (sizeWithin), as lossless PNG; one that has that size keeps its bytes.
 * `width` and `height` are the stored image's.
 */
export async function fitPicture(
  deps: { gate: DecodeGate },
  picture: { bytes: Buffer; contentType: string; width: number; height: number },
  fit: PictureFit,
): Promise<{ bytes: Buffer; contentType: string }> {
  const { bytes, contentType, width, height } = picture
  const size = sizeWithin({ width, height }, fit)
  if (size.width === width && size.height === height) return { bytes, contentType }
  const scaled = await deps.gate(() =>
    sharp(bytes, { sequentialRead: true })
      .resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
      .png({ compressionLevel: 6 })
      .toBuffer(),
  )
  return { bytes: scaled, contentType: 'image/png' }
}

/**
 * The size in which a picture is sent: its own, scaled down to `maxPixels`, each side at the nearest multiple of
 * `multipleOf` and never less than one. So a side is stretched by half a step at most, which restoreSize takes back:
 * a server left to itself crops to the step, or refuses, and cropping or padding would move the picture's edges. Where
 * the nearest multiples have more than `maxPixels`, they are the next below. `maxPixels` is at least one step squared.
 */
export function sizeWithin({ width, height }: Size, { maxPixels, multipleOf: step }: PictureFit): Size {
  const scale = maxPixels === null ? 1 : Math.min(1, Math.sqrt(maxPixels / (width * height)))
  const inSteps = (round: (steps: number) => number): Size => ({
    width: Math.max(1, round((width * scale) / step)) * step,
    height: Math.max(1, round((height * scale) / step)) * step,
  })
  const nearest = inSteps(Math.round)
  if (maxPixels === null || nearest.width * nearest.height <= maxPixels) return nearest
  const below = inSteps(Math.floor)
  // A picture so thin that one side is the single step that it must have: the other gives way.
  const most = Math.floor(maxPixels / step / step) * step
  return { width: Math.min(below.width, most), height: Math.min(below.height, most) }
}

/**
 * An edited picture brought back to `size`, its source's, as lossless PNG. One that has the size keeps its bytes; so does
 * one of another shape (more than 3% off), because stretching it would spoil it. The shape is compared with the source's
 * and with the one in which `fit` sent it: half a step of 16 px is nothing to a photo but 20% of a banner 40 px high, and
 * a model that gives back what it was given has changed no shape. Throws the errors of errors.ts.
 */
export async function restoreSize(
  deps: { gate: DecodeGate; limits: ImageLimits },
  bytes: Buffer,
  { size, fit }: { size: Size; fit: PictureFit },
): Promise<Buffer> {
  return await deps.gate(async () => {
    const { image, metadata } = await openPicture(bytes, deps.limits)
    const answered = metadata.autoOrient
    if (answered.width === size.width && answered.height === size.height) return bytes
    if (!hasShape(answered, size) && !hasShape(answered, sizeWithin(size, fit))) return bytes
    try {
      return await image
        .resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
        .png({ compressionLevel: 6 })
        .toBuffer()
    } catch (error) {
      throw toImageError(error, `image/${metadata.format}`, deps.limits)
    }
  })
}

function hasShape(a: Size, b: Size): boolean {
  return Math.abs(Math.log((a.width * b.height) / (a.height * b.width))) <= SAME_SHAPE
}
