import sharp from 'sharp'
import type { Picture } from './engine.ts'

/**
 * A mask (white where the source is filled) as the OpenAI Images API has them: an RGBA PNG of the same size, transparent
 * where the source is filled. Rejects with sharp's error when the bytes are no picture.
 */
export async function toAlphaMask(mask: Picture): Promise<Buffer> {
  const { data, info } = await sharp(mask.bytes)
    .flatten({ background: '#000000' })
    .toColourspace('b-w')
    .extractChannel(0)
    .negate()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  return sharp({ create: { width, height, channels: 3, background: '#000000' } })
    .joinChannel(data, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
}
