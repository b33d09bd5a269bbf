import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { makeDecodeGate } from '../src/images/decode-gate.ts'
import { CorruptImageError, ImageTooManyPixelsError, UnsupportedImageError } from '../src/images/errors.ts'
import { fitPicture, restoreSize } from '../src/images/fit-picture.ts'
import { defaultImageLimits } from '../src/images/image-limits.ts'
import { noise, noisePng } from './support/pictures.ts'

const deps = { gate: makeDecodeGate(), limits: defaultImageLimits }

describe('a picture for a model server', () => {
  test('is scaled down in its shape to what the server takes, and never up', async () => {
    const bytes = await noise(400, 200).jpeg().toBuffer()
    const picture = { bytes, contentType: 'image/jpeg', width: 400, height: 200 }
    const scaled = await fitPicture(deps, picture, { maxPixels: 20_000 })
    expect(scaled.contentType).toBe('image/png')
    expect(await sharp(scaled.bytes).metadata()).toMatchObject({ format: 'png', width: 200, height: 100 })
    expect(await fitPicture(deps, picture, { maxPixels: 80_000 })).toEqual({ bytes, contentType: 'image/jpeg' })
    expect(await fitPicture(deps, picture, { maxPixels: null })).toEqual({ bytes, contentType: 'image/jpeg' })
  })
})

describe('an edited picture', () => {
  test('is brought back to the size of its source', async () => {
    const restored = await restoreSize(deps, await noise(256, 128).webp().toBuffer(), { width: 500, height: 252 })
    expect(await sharp(restored).metadata()).toMatchObject({ format: 'png', width: 500, height: 252 })
  })

  test('keeps its bytes where it has the size, or another shape', async () => {
    const bytes = await noisePng(64, 48)
    expect(await restoreSize(deps, bytes, { width: 64, height: 48 })).toBe(bytes)
    expect(await restoreSize(deps, bytes, { width: 640, height: 640 })).toBe(bytes)
  })

  test('is refused, before it is decoded, for what no upload could be', async () => {
    const size = { width: 10, height: 10 }
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>')
    await expect(restoreSize(deps, svg, size)).rejects.toBeInstanceOf(UnsupportedImageError)
    const limits = { ...defaultImageLimits, maxPixels: 100 }
    await expect(restoreSize({ ...deps, limits }, await noisePng(20, 20), size)).rejects.toBeInstanceOf(
      ImageTooManyPixelsError,
    )
    const half = (await noisePng(20, 20)).subarray(0, 700)
    await expect(restoreSize(deps, half, size)).rejects.toBeInstanceOf(CorruptImageError)
  })
})
