import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { decodeBmp, readBmpSize } from './decode-bmp.ts'
import { CorruptImageError, ImageTooManyFramesError, ImageTooManyPixelsError, UnsupportedImageError } from './errors.ts'
import type { ImageLimits } from './image-limits.ts'
import { type AcceptedType, isAcceptedType, SNIFF_BYTES, sniffType } from './sniff-type.ts'

/** A picture whose header was read and found within the limits; no pixel is decoded yet (a BMP's are). */
export type OpenedPicture = { image: Sharp; metadata: Metadata }

/** The kind of a file by its content; UnsupportedImageError for any that is not taken. */
export function typeOf(file: Buffer): AcceptedType {
  const contentType = sniffType(file.subarray(0, SNIFF_BYTES))
  if (!isAcceptedType(contentType)) throw new UnsupportedImageError(contentType)
  return contentType
}

/**
 * The only door by which bytes from outside reach sharp: kind, size, frames and depth are checked first; what it gives is
 * upright, its first frame, in sRGB once it is written, and stops at the time limit. Throws the errors of errors.ts; those
 * of the decoding that follows go through toImageError. Call it in a DecodeGate.
 */
export async function openPicture(file: Buffer, limits: ImageLimits): Promise<OpenedPicture> {
  const contentType = typeOf(file)
  return contentType === 'image/bmp' ? openBmp(file, limits) : open(contentType, file, limits)
}

async function open(contentType: AcceptedType, file: Buffer, limits: ImageLimits): Promise<OpenedPicture> {
  const options: SharpOptions = {
    // A picture with a grey lower half is worse than a refusal: it would be judged, and kept as training data.
    failOn: 'warning',
    limitInputPixels: limits.maxPixels,
    sequentialRead: true,
    autoOrient: true,
  }
  const metadata = await sharp(file, { ...options, limitInputPixels: false })
    .metadata()
    .catch(cause => {
      throw new CorruptImageError(contentType, { cause })
    })
  if (`image/${metadata.format}` !== contentType) throw new UnsupportedImageError(`image/${metadata.format}`)
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort') {
    throw new UnsupportedImageError(contentType, `${metadata.depth} samples`)
  }
  assertSize(metadata.width, metadata.height, limits)
  if ((metadata.pages ?? 1) > limits.maxFrames) throw new ImageTooManyFramesError(limits.maxFrames, metadata.pages ?? 1)

  const image = sharp(file, { ...options, ignoreIcc: isSrgb(metadata.icc) }).timeout({ seconds: limits.maxSeconds })
  if (metadata.depth === 'ushort') image.toColourspace(metadata.channels < 3 ? 'grey16' : 'rgb16')
  return { image, metadata }
}

async function openBmp(file: Buffer, limits: ImageLimits): Promise<OpenedPicture> {
  const claimed = readBmpSize(file)
  assertSize(claimed.width, claimed.height, limits)
  const { data, width, height } = await decodeBmp(file, limits)
  const raw = sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: limits.maxPixels })
  const isOpaque = data.every((value, index) => index % 4 !== 3 || value === 255)
  const image = (isOpaque ? raw.removeAlpha() : raw).timeout({ seconds: limits.maxSeconds })
  return { image, metadata: await raw.metadata() }
}

function assertSize(width: number, height: number, limits: ImageLimits): void {
  if (width * height > limits.maxPixels) throw new ImageTooManyPixelsError(limits.maxPixels, width, height)
}

// The usual sRGB profiles say what is assumed without one; converting through them would only round.
function isSrgb(profile: Buffer | undefined): boolean {
  if (!profile) return false
  return profile.includes('sRGB', 0, 'latin1') || profile.includes(Buffer.from('\0s\0R\0G\0B', 'latin1'))
}
