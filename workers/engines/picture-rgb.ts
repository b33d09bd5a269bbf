import sharp from 'sharp'
import type { Picture } from './engine.ts'

// Prepared pictures are kept and sent again in every round of a job.
const known = new WeakMap<Picture, Promise<Buffer>>()

/**
 * The picture as PNG with three channels of 8 bits, transparency shown on white: for servers that hand what they decoded
 * straight to the model, whatever its mode is. Rejects with sharp's error when the bytes are no picture.
 */
export function toRgbPng(picture: Picture): Promise<Buffer> {
  let png = known.get(picture)
  if (!png) {
    png = isRgbPng(picture.bytes) ? Promise.resolve(picture.bytes) : convert(picture.bytes)
    known.set(picture, png)
  }
  return png
}

function convert(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes, { sequentialRead: true })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .png({ compressionLevel: 6, palette: false })
    .toBuffer()
}

const PNG_HEAD = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

// Bit depth and color type stand in the first chunk (PNG, section 11.2.1); a tRNS chunk would make RGB transparent.
function isRgbPng(bytes: Buffer): boolean {
  return (
    bytes.subarray(0, 8).equals(PNG_HEAD) &&
    bytes[24] === 8 &&
    bytes[25] === 2 &&
    !bytes.subarray(0, 4_096).includes('tRNS')
  )
}
