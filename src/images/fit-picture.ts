import sharp from 'sharp'
import type { DecodeGate } from './decode-gate.ts'
import type { ImageLimits } from './image-limits.ts'
import { openPicture } from './open-picture.ts'
import { toImageError } from './to-image-error.ts'

/** What a model server takes: at most so many pixels (null: any number). */
export type PictureFit = { maxPixels: number | null }

// A model that answers with another shape than it was given has cropped or extended on purpose.
const SAME_SHAPE = 0.03

/**
 * The picture with at most `maxPixels`, in its own shape, as lossless PNG; one that is small enough keeps its bytes.
 * `width` and `height` are the stored image's.
 */
export async function fitPicture(
  deps: { gate: DecodeGate },
  picture: { bytes: Buffer; contentType: string; width: number; height: number },
  { maxPixels }: PictureFit,
): Promise<{ bytes: Buffer; contentType: string }> {
  const { bytes, contentType, width, height } = picture
  const size = sizeWithin({ width, height }, { maxPixels })
  if (size.width === width && size.height === height) return { bytes, contentType }
  const scaled = await deps.gate(() =>
    sharp(bytes, { sequentialRead: true })
      .resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
      .png({ compressionLevel: 6 })
      .toBuffer(),
  )
  return { bytes: scaled, contentType: 'image/png' }
}

/** The size in which a picture is sent: its own, or in the same shape with at most `maxPixels`. */
export function sizeWithin(
  { width, height }: { width: number; height: number },
  { maxPixels }: PictureFit,
): { width: number; height: number } {
  if (maxPixels === null || width * height <= maxPixels) return { width, height }
  const scale = Math.sqrt(maxPixels / (width * height))
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) }
}

/**
 * An edited picture brought back to `size`, as lossless PNG. One that has the size keeps its bytes; so does one of
 * another shape (more than 3% off), because stretching it would spoil it. Throws the errors of errors.ts.
 */
export async function restoreSize(
  deps: { gate: DecodeGate; limits: ImageLimits },
  bytes: Buffer,
  size: { width: number; height: number },
): Promise<Buffer> {
  return await deps.gate(async () => {
    const { image, metadata } = await openPicture(bytes, deps.limits)
    const { width, height } = metadata.autoOrient
    if (width === size.width && height === size.height) return bytes
    const stretch = (width * size.height) / (height * size.width)
    if (Math.abs(Math.log(stretch)) > SAME_SHAPE) return bytes
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
