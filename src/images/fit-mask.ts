import sharp from 'sharp'
import type { DecodeGate } from './decode-gate.ts'

// What is as light as this or lighter is filled: an editor that takes shades would blend them, another would not.
const WHITE_FROM = 128

/**
 * A mask as every model server takes it: one channel of 8 bits, white where the picture is filled and black where it is
 * kept, in `size`, as PNG. Shades go to the nearer of the two, what is transparent is kept. Nearest neighbour, so that no
 * edge is softened. Null: nothing is white.
 */
export async function fitMask(
  deps: { gate: DecodeGate },
  mask: Buffer,
  size: { width: number; height: number },
): Promise<Buffer | null> {
  return await deps.gate(async () => {
    const { data, info } = await sharp(mask)
      .flatten({ background: '#000000' })
      .resize({ ...size, fit: 'fill', kernel: 'nearest' })
      .toColourspace('b-w')
      .extractChannel(0)
      .threshold(WHITE_FROM)
      .raw()
      .toBuffer({ resolveWithObject: true })
    if (!data.includes(255)) return null
    const { width, height } = info
    return await sharp(data, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png({ compressionLevel: 6 })
      .toBuffer()
  })
}
