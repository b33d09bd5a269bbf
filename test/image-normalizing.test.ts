import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { examineFile } from '../src/images/examine-file.ts'
import { defaultImageLimits } from '../src/images/image-limits.ts'
import { type NormalizedImage, normalizeImage } from '../src/images/normalize-image.ts'
import { encodeBmp } from './support/encode-bmp.ts'
import { noise, noisePng, pixelHash } from './support/pictures.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pentimento-normal-'))
})
afterAll(() => rm(directory, { recursive: true }))

const normalize = (bytes: Buffer) => normalizeImage(bytes, { limits: defaultImageLimits, directory })
const bytesOf = async ({ body }: NormalizedImage) => ('path' in body ? readFile(body.path) : body.bytes)
const photo = readFile(join(import.meta.dirname, '../examples/astronaut.png'))

describe('a picture of a lossless kind', () => {
  test('becomes a bare PNG with the very same pixels, whatever its kind, depth and colours', async () => {
    const kinds = ['png', 'png16', 'palette', 'interlaced', 'tiff', 'tiff16', 'gif', 'bmp'] as const
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kinds),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
        async (kind, width, height, channels) => {
          const source = await encodeAs(kind, width, height, channels)
          const normalized = await normalize(source)
          const stored = await bytesOf(normalized)
          expect(normalized).toMatchObject({ contentType: 'image/png', width, height, byteSize: stored.length })
          expect(normalized.sha256).toBe(createHash('sha256').update(stored).digest('hex'))
          expect(examineFile('image/png', stored)).toBe('bare')
          const expected = kind === 'bmp' ? await bmpPixelHash(width, height, source) : await pixelHash(source)
          expect(await pixelHash(stored)).toEqual(expected)
        },
      ),
      { numRuns: 80 },
    )
  })

  test('keeps its sixteen bits', async () => {
    const source = await noise(20, 20).toColourspace('rgb16').png().withXmp('<x/>').toBuffer()
    const stored = await bytesOf(await normalize(source))
    expect(await sharp(stored).metadata()).toMatchObject({ depth: 'ushort', channels: 3 })
  })

  test('keeps its bytes where it is a bare PNG already', async () => {
    const source = await noisePng()
    const normalized = await normalize(source)
    expect((await bytesOf(normalized)).equals(source)).toBe(true)
  })

  test('is its first frame, where it moves', async () => {
    const frames = [await noise(8, 8).png().toBuffer(), await noise(8, 8).png().toBuffer()]
    const gif = await sharp(frames, { join: { animated: true } })
      .gif({ loop: 0 })
      .toBuffer()
    expect((await sharp(gif).metadata()).pages).toBe(2)
    const normalized = await normalize(gif)
    expect(normalized).toMatchObject({ contentType: 'image/png', width: 8, height: 8 })
    expect(await pixelHash(await bytesOf(normalized))).toEqual(await pixelHash(gif))
  })
})

describe('a JPEG or WebP', () => {
  test.each([
    [
      'JPEG',
      'image/jpeg',
      async () =>
        sharp(await photo)
          .jpeg({ quality: 70 })
          .toBuffer(),
    ],
    [
      'grey JPEG',
      'image/jpeg',
      async () =>
        sharp(await photo)
          .greyscale()
          .jpeg()
          .toBuffer(),
    ],
    [
      'progressive JPEG',
      'image/jpeg',
      async () =>
        sharp(await photo)
          .jpeg({ progressive: true })
          .toBuffer(),
    ],
    [
      'WebP',
      'image/webp',
      async () =>
        sharp(await photo)
          .webp()
          .toBuffer(),
    ],
    ['WebP with alpha', 'image/webp', async () => noise(30, 30, 4).webp().toBuffer()],
    ['lossless WebP', 'image/webp', async () => noise(30, 30).webp({ lossless: true }).toBuffer()],
  ])('keeps its bytes where it is bare: %s', async (_what, contentType, make) => {
    const source = await make()
    const normalized = await normalize(source)
    expect(normalized.contentType).toBe(contentType)
    expect((await bytesOf(normalized)).equals(source)).toBe(true)
  })

  const dressings: [string, (image: Sharp) => Sharp][] = [
    ['EXIF', image => image.withExif({ IFD0: { Artist: 'someone' }, IFD3: { GPSLatitude: '52/1 30/1 0/1' } })],
    ['XMP', image => image.withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')],
    ['a colour profile', image => image.withIccProfile('p3')],
  ]
  test.each(dressings)('loses its %s, and hardly anything of its colours', async (_what, dress) => {
    for (const kind of ['jpeg', 'webp'] as const) {
      const source = await dress(sharp(await photo))
        .toFormat(kind, { quality: 95 })
        .toBuffer()
      const normalized = await normalize(source)
      const stored = await bytesOf(normalized)
      expect(normalized.contentType).toBe(`image/${kind}`)
      expect(examineFile(`image/${kind}`, stored)).toBe('bare')
      const { exif, xmp, icc } = await sharp(stored).metadata()
      expect([exif, xmp, icc]).toEqual([undefined, undefined, undefined])
      expect(await meanDifference(source, stored)).toBeLessThan(3)
    }
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('stands upright: orientation %i', async orientation => {
    const picture = sharp(await photo).resize(120, 80, { fit: 'fill' })
    const source = await picture.jpeg({ quality: 100 }).withMetadata({ orientation }).toBuffer()
    const normalized = await normalize(source)
    const upright = await sharp(source).autoOrient().png().toBuffer()
    const isTurned = orientation >= 5
    expect(normalized).toMatchObject({ width: isTurned ? 80 : 120, height: isTurned ? 120 : 80 })
    const stored = await bytesOf(normalized)
    expect((await sharp(stored).metadata()).orientation).toBeUndefined()
    expect((await sharp(stored).metadata()).chromaSubsampling).toBe('4:4:4')
    expect(await meanDifference(upright, stored)).toBeLessThan(3)
  })

  test('in print colours comes to sRGB', async () => {
    const source = await sharp(await photo)
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer()
    const stored = await bytesOf(await normalize(source))
    expect(await sharp(stored).metadata()).toMatchObject({ format: 'jpeg', space: 'srgb', channels: 3 })
  })

  test('is cut off where a phone appended a video', async () => {
    const still = await sharp(await photo)
      .jpeg()
      .toBuffer()
    const stored = await bytesOf(await normalize(Buffer.concat([still, Buffer.alloc(50_000, 7)])))
    expect(examineFile('image/jpeg', stored)).toBe('bare')
    expect(await meanDifference(still, stored)).toBeLessThan(3)
  })

  test('keeps its pixels exactly where it is a lossless WebP', async () => {
    const source = await noise(30, 30, 4).webp({ lossless: true, exact: true }).withXmp('<x/>').toBuffer()
    expect(await pixelHash(await bytesOf(await normalize(source)))).toEqual(await pixelHash(source))
  })
})

test('whose profile says sRGB keeps the values it had', async () => {
  const source = await noise(40, 40).png().withIccProfile('srgb').toBuffer()
  const plain = await sharp(source, { ignoreIcc: true }).png().toBuffer()
  expect(await pixelHash(await bytesOf(await normalize(source)))).toEqual(await pixelHash(plain))
})

test('content decides the type: a JPEG is one under any name and claim', async () => {
  const jpeg = await noise(20, 20).jpeg().toBuffer()
  expect((await normalize(jpeg)).contentType).toBe('image/jpeg')
})

test('kept pictures leave no file behind', async () => {
  const before = await readdir(directory)
  await normalize(await noisePng())
  await normalize(await noise(20, 20).jpeg().toBuffer())
  expect(await readdir(directory)).toEqual(before)
})

async function encodeAs(kind: string, width: number, height: number, channels: 1 | 2 | 3 | 4): Promise<Buffer> {
  const image = noise(width, height, channels)
  // A description makes it dressed, so that it is written anew.
  if (kind === 'png') return image.png().withXmp('<x/>').toBuffer()
  if (kind === 'interlaced') return image.png({ progressive: true }).withXmp('<x/>').toBuffer()
  if (kind === 'palette') return image.png({ palette: true, colours: 16 }).withXmp('<x/>').toBuffer()
  if (kind === 'gif') return image.gif().toBuffer()
  if (kind === 'tiff') return image.tiff({ compression: 'lzw' }).toBuffer()
  if (kind === 'bmp') return encodeBmp(await image.toColourspace('srgb').ensureAlpha().raw().toBuffer(), width, height)
  const deep = image.toColourspace(channels < 3 ? 'grey16' : 'rgb16')
  return kind === 'png16' ? deep.png().withXmp('<x/>').toBuffer() : deep.tiff({ compression: 'deflate' }).toBuffer()
}

/** What the picture must be, from its own bytes: BGR rows from the bottom, each filled up to four bytes. */
async function bmpPixelHash(width: number, height: number, file: Buffer): Promise<string> {
  const rowBytes = Math.ceil((width * 3) / 4) * 4
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 54 + (height - 1 - y) * rowBytes + x * 3
      const to = (y * width + x) * 3
      for (let channel = 0; channel < 3; channel++) data[to + channel] = file[from + 2 - channel] ?? 0
    }
  }
  return pixelHash(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  )
}

/** Mean absolute difference of two pictures' sRGB samples, 0 to 255. */
async function meanDifference(a: Buffer, b: Buffer): Promise<number> {
  const [left, right] = await Promise.all(
    [a, b].map(one => sharp(one).toColourspace('srgb').removeAlpha().raw().toBuffer()),
  )
  if (!left || !right || left.length !== right.length) throw new Error('The pictures have different sizes')
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += Math.abs((left[index] ?? 0) - (right[index] ?? 0))
  return sum / left.length
}
