import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { makeDecodeGate } from '../src/images/decode-gate.ts'
import { CorruptImageError, ImageTooManyPixelsError, UnsupportedImageError } from '../src/images/errors.ts'
import { fitMask } from '../src/images/fit-mask.ts'
import { fitPicture, restoreSize, sizeWithin } from '../src/images/fit-picture.ts'
import { defaultImageLimits } from '../src/images/image-limits.ts'
import { noise, noisePng } from './support/pictures.ts'

const deps = { gate: makeDecodeGate(), limits: defaultImageLimits }
const anySize = { maxPixels: null, multipleOf: 1 }
const inSixteens = { maxPixels: null, multipleOf: 16 }

describe('a picture for a model server', () => {
  test('is scaled down in its shape to what the server takes, and never up', async () => {
    const bytes = await noise(400, 200).jpeg().toBuffer()
    const picture = { bytes, contentType: 'image/jpeg', width: 400, height: 200 }
    const scaled = await fitPicture(deps, picture, { maxPixels: 20_000, multipleOf: 1 })
    expect(scaled.contentType).toBe('image/png')
    expect(await sharp(scaled.bytes).metadata()).toMatchObject({ format: 'png', width: 200, height: 100 })
    expect(await fitPicture(deps, picture, { maxPixels: 80_000, multipleOf: 1 })).toEqual({
      bytes,
      contentType: 'image/jpeg',
    })
    expect(await fitPicture(deps, picture, anySize)).toEqual({ bytes, contentType: 'image/jpeg' })
  })
  test('is sent with its mask in sides that the server divides', async () => {
    const bytes = await noise(640, 427).jpeg().toBuffer()
    const picture = { bytes, contentType: 'image/jpeg', width: 640, height: 427 }
    const fitted = await fitPicture(deps, picture, inSixteens)
    expect(await sharp(fitted.bytes).metadata()).toMatchObject({ format: 'png', width: 640, height: 432 })
    const mask = await fitMask(deps, await noisePng(640, 427), sizeWithin(picture, inSixteens))
    expect(await sharp(mask ?? undefined).metadata()).toMatchObject({ width: 640, height: 432 })
    const even = { ...picture, bytes: await noise(640, 432).jpeg().toBuffer(), height: 432 }
    expect(await fitPicture(deps, even, inSixteens)).toEqual({ bytes: even.bytes, contentType: 'image/jpeg' })
  })
})

describe('the size in which a picture is sent', () => {
  test.each([
    ['to the nearest multiples', { width: 640, height: 427 }, inSixteens, { width: 640, height: 432 }],
    ['up to one multiple at least', { width: 5, height: 7 }, inSixteens, { width: 16, height: 16 }],
    ['of a banner', { width: 1_200, height: 3 }, inSixteens, { width: 1_200, height: 16 }],
    [
      'scaled down first',
      { width: 4_000, height: 3_000 },
      { maxPixels: 1_000_000, multipleOf: 16 },
      { width: 1_152, height: 864 },
    ],
    [
      'to the multiples below where the nearest are too many',
      { width: 4_000, height: 3_000 },
      { maxPixels: 4_194_304, multipleOf: 16 },
      { width: 2_352, height: 1_760 },
    ],
    [
      'of a thread whose one side cannot shrink',
      { width: 100_000, height: 1 },
      { maxPixels: 4_096, multipleOf: 16 },
      { width: 256, height: 16 },
    ],
    ['of any size as it is', { width: 641, height: 3 }, anySize, { width: 641, height: 3 }],
  ])('goes %s', (_, size, fit, sent) => {
    expect(sizeWithin(size, fit)).toEqual(sent)
  })

  test('divides, is never nothing, keeps to the limit and is off by half a step where nothing limits it', () => {
    const side = fc.integer({ min: 1, max: 9_000 })
    const step = fc.integer({ min: 1, max: 64 })
    const limit = fc.option(fc.integer({ min: 4_096, max: 5_000_000 }))
    fc.assert(
      fc.property(side, side, step, limit, (width, height, multipleOf, maxPixels) => {
        const sent = sizeWithin({ width, height }, { maxPixels, multipleOf })
        for (const px of [sent.width, sent.height]) {
          expect(px).toBeGreaterThanOrEqual(multipleOf)
          expect(px % multipleOf).toBe(0)
        }
        if (maxPixels !== null) expect(sent.width * sent.height).toBeLessThanOrEqual(maxPixels)
        else if (width >= multipleOf) expect(Math.abs(sent.width - width)).toBeLessThanOrEqual(multipleOf / 2)
      }),
    )
  })
})

describe('an edited picture', () => {
  const restore = (bytes: Buffer, size: { width: number; height: number }, fit = anySize) =>
    restoreSize(deps, bytes, { size, fit })

  test('is brought back to the size of its source', async () => {
    const restored = await restore(await noise(256, 128).webp().toBuffer(), { width: 500, height: 252 })
    expect(await sharp(restored).metadata()).toMatchObject({ format: 'png', width: 500, height: 252 })
  })

  test.each([
    ['sent', 1_200, 48],
    ['sent, at another scale', 600, 24],
    ['had', 1_200, 40],
  ])('is brought back in the shape that its source was %s', async (_, width, height) => {
    const size = { width: 1_200, height: 40 }
    expect(sizeWithin(size, inSixteens)).toEqual({ width: 1_200, height: 48 })
    const restored = await restore(await noisePng(width, height), size, inSixteens)
    expect(await sharp(restored).metadata()).toMatchObject(size)
  })

  test('keeps its bytes where it has the size, or another shape', async () => {
    const bytes = await noisePng(64, 48)
    expect(await restore(bytes, { width: 64, height: 48 })).toBe(bytes)
    expect(await restore(bytes, { width: 640, height: 640 })).toBe(bytes)
    expect(await restore(bytes, { width: 640, height: 640 }, inSixteens)).toBe(bytes)
    const banner = await noisePng(1_200, 48)
    expect(await restore(banner, { width: 1_200, height: 40 })).toBe(banner)
  })

  test('is refused, before it is decoded, for what no upload could be', async () => {
    const size = { width: 10, height: 10 }
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>')
    await expect(restore(svg, size)).rejects.toBeInstanceOf(UnsupportedImageError)
    const strict = { ...deps, limits: { ...defaultImageLimits, maxPixels: 100 } }
    await expect(restoreSize(strict, await noisePng(20, 20), { size, fit: anySize })).rejects.toBeInstanceOf(
      ImageTooManyPixelsError,
    )
    const half = (await noisePng(20, 20)).subarray(0, 700)
    await expect(restore(half, size)).rejects.toBeInstanceOf(CorruptImageError)
  })
})
