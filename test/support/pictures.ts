import { createHash, randomBytes } from 'node:crypto'
import sharp, { type Sharp } from 'sharp'

/** Pixels that no compression hides: random, `channels` bytes each. */
export function noise(width: number, height: number, channels: 1 | 2 | 3 | 4 = 3): Sharp {
  return sharp(randomBytes(width * height * channels), { raw: { width, height, channels } })
}

/** A bare PNG of its own: no two calls give the same bytes. */
export async function noisePng(width = 32, height = 24): Promise<Buffer> {
  return noise(width, height).png().toBuffer()
}

/** Size and SHA-256 of the decoded pixels, 16 bits a sample and four channels: equal for equal pictures of any kind. */
export async function pixelHash(image: Buffer | string): Promise<string> {
  const { data, info } = await sharp(image)
    .toColourspace('rgb16')
    .ensureAlpha()
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
  return `${info.width} x ${info.height} ${createHash('sha256').update(data).digest('hex')}`
}

/** The SHA-256 that a picture in an export is named by. */
export function hashOf(path: string): string {
  return /([0-9a-f]{64})\.\w+$/.exec(path)?.[1] ?? ''
}
