import sharp, { type Sharp } from 'sharp'
import type { Picture } from '../engine.ts'
import { EngineError } from '../engine.ts'
import type { Pixels } from './apply-look.ts'

const maxPixels = 120_000_000

/** Decodes a picture to upright 8-bit sRGB, with alpha only where the file has it; `longest` scales it down while decoding. */
export async function decodePicture(picture: Picture, longest: number | null = null): Promise<Pixels & { full: Size }> {
  try {
    const { autoOrient } = await sharp(picture.bytes, { limitInputPixels: maxPixels }).metadata()
    const image = sharp(picture.bytes, { limitInputPixels: maxPixels }).autoOrient().toColourspace('srgb')
    const fitted = longest ? image.resize(longest, longest, { fit: 'inside', withoutEnlargement: true }) : image
    const { data, info } = await fitted.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    const full = { width: autoOrient.width ?? info.width, height: autoOrient.height ?? info.height }
    return { data, width: info.width, height: info.height, channels: info.channels, full }
  } catch (cause) {
    throw new EngineError('rejected', 'PICTURE_UNREADABLE', 'The picture could not be decoded.', { cause })
  }
}

export type Size = { width: number; height: number }

/** A sharp pipeline that begins at these pixels. */
export function toSharp({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: channels === 4 ? 4 : 3 }, limitInputPixels: false })
}

/** Runs a pipeline to pixels again. */
export async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels }
}

/** PNG stays PNG (and so does anything with alpha); JPEG and WebP are written at quality 96 without chroma subsampling. */
export async function encodePicture(pixels: Pixels, contentType: string): Promise<Picture> {
  const image = toSharp(pixels)
  if (pixels.channels !== 4 && contentType === 'image/jpeg')
    return { bytes: await image.jpeg({ quality: 96, chromaSubsampling: '4:4:4' }).toBuffer(), contentType }
  if (contentType === 'image/webp')
    return { bytes: await image.webp({ quality: 96, smartSubsample: true, effort: 2 }).toBuffer(), contentType }
  return { bytes: await image.png({ compressionLevel: 6 }).toBuffer(), contentType: 'image/png' }
}
