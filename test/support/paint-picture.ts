import { createHash } from 'node:crypto'
import sharp from 'sharp'

/** A PNG of one color that `text` decides: what a fake model makes of its prompt and seed. Sizes in px. */
export async function paintPicture(text: string, size: { width: number; height: number }): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(text).digest()
  return sharp({ create: { ...size, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer()
}
