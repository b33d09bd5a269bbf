import sharp from 'sharp'
import { expect, test } from 'vitest'
import { makeDecodeGate } from '../src/images/decode-gate.ts'
import { fitMask } from '../src/images/fit-mask.ts'

const deps = { gate: makeDecodeGate() }
const size = { width: 4, height: 2 }

/** A 4 x 2 picture whose right half has this colour, and whose left half the other. */
function halves(left: number[], right: number[]) {
  const channels = left.length as 1 | 2 | 3 | 4 // as the callers give them
  const row = [...left, ...left, ...right, ...right]
  return sharp(Buffer.from([...row, ...row]), { raw: { ...size, channels } })
}

/** What the mask says pixel by pixel, and that it is one channel of 8 bits. */
async function read(mask: Buffer | null): Promise<number[]> {
  const { format, channels, depth, width, height } = await sharp(mask ?? undefined).metadata()
  expect({ format, channels, depth }).toEqual({ format: 'png', channels: 1, depth: 'uchar' })
  const { data, info } = await sharp(mask ?? undefined)
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width, height, channels: 1 })
  return [...data]
}

const rightHalf = [0, 0, 255, 255, 0, 0, 255, 255]

test.each([
  ['black and white', () => halves([0], [255]).png()],
  ['shades, to the nearer of the two', () => halves([127], [128]).toColourspace('b-w').png()],
  ['colours by their lightness', () => halves([40, 0, 90], [250, 255, 180]).png()],
  ['white that is transparent, which is kept', () => halves([255, 255, 255, 0], [255, 255, 255, 255]).png()],
  ['grey with transparency', () => halves([255, 0], [255, 255]).png()],
  ['16 bits', () => halves([0], [255]).toColourspace('grey16').png()],
  ['a palette', () => halves([0, 0, 0], [255, 255, 255]).png({ palette: true })],
  ['JPEG', () => halves([3, 3, 3], [250, 250, 250]).jpeg({ quality: 100, chromaSubsampling: '4:4:4' })],
  ['lossless WebP', () => halves([0, 0, 0], [255, 255, 255]).webp({ lossless: true })],
])('a mask of %s becomes one channel of black and white', async (_, picture) => {
  expect(await read(await fitMask(deps, await picture().toBuffer(), size))).toEqual(rightHalf)
})

test('it is scaled to the size the source is sent in, without a shade between', async () => {
  const mask = await halves([0], [255]).png().toBuffer()
  expect(await read(await fitMask(deps, mask, { width: 2, height: 1 }))).toEqual([0, 255])
  const larger = await read(await fitMask(deps, mask, { width: 10, height: 4 }))
  expect(larger).toHaveLength(40)
  expect(new Set(larger)).toEqual(new Set([0, 255]))
})

test('one without any white is none', async () => {
  expect(await fitMask(deps, await halves([0], [0]).png().toBuffer(), size)).toBeNull()
  expect(await fitMask(deps, await halves([255, 255, 255, 0], [9, 9, 9, 255]).png().toBuffer(), size)).toBeNull()
})
