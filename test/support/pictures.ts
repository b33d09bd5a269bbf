import { randomBytes } from 'node:crypto'
import sharp, { type Sharp } from 'sharp'

/** Pixels that no compression hides: random, `channels` bytes each. */
export function noise(width: number, height: number, channels: 1 | 2 | 3 | 4 = 3): Sharp {
  return sharp(randomBytes(width * height * channels), { raw: { width, height, channels } })
}

/** A bare PNG of its own: no two calls give the same bytes. */
export async function noisePng(width = 32, height = 24): Promise<Buffer> {
  return noise(width, height).png().toBuffer()
}

/** Decoded pixels at 16 bits a sample, four channels, so that pictures of different kinds can be compared. */
export async function pixelsOf(image: Buffer | string): Promise<{ data: Buffer; width: number; height: number }> {
  const { data, info } = await sharp(image)
    .toColourspace('rgb16')
    .ensureAlpha()
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}
