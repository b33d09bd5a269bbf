import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DomainError } from '../src/errors.ts'
import { CorruptImageError } from '../src/images/errors.ts'
import { defaultImageLimits, type ImageLimits } from '../src/images/image-limits.ts'
import { normalizeImage } from '../src/images/normalize-image.ts'
import { encodeBmp } from './support/encode-bmp.ts'
import { noise } from './support/pictures.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pentimento-refusal-'))
})
afterAll(async () => {
  expect(await readdir(directory)).toEqual([])
  await rm(directory, { recursive: true })
})

const refusalOf = async (bytes: Buffer, limits: Partial<ImageLimits> = {}): Promise<DomainError> => {
  const options = { limits: { ...defaultImageLimits, ...limits }, directory }
  const failure = await normalizeImage(bytes, options).catch((error: unknown) => error)
  if (!(failure instanceof DomainError)) throw new Error('It was not refused', { cause: failure })
  return failure
}

describe('what is no picture that we take', () => {
  const foreign: [string, string | null, () => Buffer | Promise<Buffer>][] = [
    ['SVG', 'image/svg+xml', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    [
      'SVG with a prologue',
      'image/svg+xml',
      () => Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- x -->\n<svg width="9"/>'),
    ],
    ['PDF', 'application/pdf', () => Buffer.from('%PDF-1.7\n%\xe2\xe3\n1 0 obj', 'latin1')],
    ['HEIC', 'image/heic', () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
    ['AVIF', 'image/avif', () => noise(16, 16).avif().toBuffer()],
    ['ZIP', 'application/zip', () => Buffer.from('PK\x03\x04 and so on', 'latin1')],
    ['HTML', 'text/html', () => Buffer.from('<!doctype html><title>x</title>')],
    ['text', null, () => Buffer.from('hello')],
    ['text that begins like a bitmap', null, () => Buffer.from('BMW builds motorcycles and cars in Munich.')],
    ['zeros', null, () => Buffer.alloc(5_000)],
    ['one byte', null, () => Buffer.from([0x89])],
  ]
  test.each(foreign)('is refused by what it is: %s', async (_what, contentType, make) => {
    const refusal = await refusalOf(await make())
    expect(refusal).toMatchObject({ code: 'UNSUPPORTED_IMAGE', contentType, field: 'file' })
    expect(refusal.message).toContain(contentType ?? 'no image that we know')
  })

  test('is refused where its samples are no plain integers', async () => {
    const tiff = floatTiff()
    expect((await sharp(tiff).metadata()).depth).toBe('float')
    const refusal = await refusalOf(tiff)
    expect(refusal).toMatchObject({ code: 'UNSUPPORTED_IMAGE', contentType: 'image/tiff' })
    expect(refusal.message).toContain('float samples')
  })
})

describe('a damaged file', () => {
  const kinds: [string, () => Promise<Buffer>][] = [
    ['PNG', () => noise(64, 64).png().toBuffer()],
    ['JPEG', () => noise(64, 64).jpeg().toBuffer()],
    ['progressive JPEG', () => noise(64, 64).jpeg({ progressive: true }).toBuffer()],
    ['WebP', () => noise(64, 64).webp().toBuffer()],
    ['lossless WebP', () => noise(64, 64).webp({ lossless: true }).toBuffer()],
    ['GIF', () => noise(64, 64).gif().toBuffer()],
    ['TIFF', () => noise(64, 64).tiff({ compression: 'lzw' }).toBuffer()],
    ['BMP', async () => encodeBmp(await noise(64, 64, 4).raw().toBuffer(), 64, 64)],
  ]

  test.each(kinds)('is refused wherever it was cut: %s', async (what, make) => {
    const whole = await make()
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.02, max: 0.97, noNaN: true }), async share => {
        const refusal = await refusalOf(whole.subarray(0, Math.floor(whole.length * share)))
        expect(['CORRUPT_IMAGE', 'UNSUPPORTED_IMAGE']).toContain(refusal.code)
      }),
      { numRuns: runsFor(what), examples: [[0.5], [0.97]] },
    )
  })

  test.each(kinds.slice(0, 5))('is refused when only its last two bytes are missing: %s', async (_what, make) => {
    const whole = await make()
    expect(await refusalOf(whole.subarray(0, whole.length - 2))).toBeInstanceOf(CorruptImageError)
  })

  test.each(kinds)('never does anything but pass or be refused, whatever bytes are changed: %s', async (what, make) => {
    const whole = await make()
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async changes => {
        const changed = Buffer.from(whole)
        for (const [at, by] of changes) changed[at] = (changed[at] ?? 0) ^ by
        const limits = { ...defaultImageLimits, maxPixels: 1_000_000 }
        const outcome = await normalizeImage(changed, { limits, directory }).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DomainError)
        else if (isWritten(outcome)) await rm(outcome.body.path)
      }),
      { numRuns: runsFor(what) },
    )
  })

  test('is refused where one bit of a PNG turned', async () => {
    const png = await noise(64, 64).png().toBuffer()
    png[png.length >> 1] = (png[png.length >> 1] ?? 0) ^ 0x10
    expect(await refusalOf(png)).toMatchObject({ code: 'CORRUPT_IMAGE', contentType: 'image/png' })
  })
})

describe('a picture over a limit', () => {
  test('is refused by its pixels before any is decoded', async () => {
    const refusal = await refusalOf(bomb(30_000, 30_000))
    expect(refusal).toMatchObject({
      code: 'IMAGE_TOO_MANY_PIXELS',
      maxPixels: 50_000_000,
      width: 30_000,
      height: 30_000,
      field: 'file',
    })
    expect(refusal.message).toContain('30000 x 30000')
  })

  test('is refused where a BMP claims more pixels than it has bytes for', async () => {
    const bmp = encodeBmp(Buffer.alloc(4), 1, 1)
    bmp.writeInt32LE(20_000, 18)
    bmp.writeInt32LE(20_000, 22)
    expect(await refusalOf(bmp)).toMatchObject({ code: 'IMAGE_TOO_MANY_PIXELS' })
    bmp.writeInt32LE(2_000, 18)
    bmp.writeInt32LE(2_000, 22)
    expect(await refusalOf(bmp)).toMatchObject({ code: 'CORRUPT_IMAGE' })
  })

  test('is refused by its bytes', async () => {
    const bytes = await noise(64, 64).png().toBuffer()
    const refusal = await refusalOf(bytes, { maxBytes: bytes.length - 1 })
    expect(refusal).toMatchObject({ code: 'IMAGE_TOO_LARGE', maxBytes: bytes.length - 1, field: 'file' })
    expect(refusal.message).toContain(`${bytes.length - 1} bytes`)
  })

  test('is refused by its frames', async () => {
    const frames = await Promise.all(Array.from({ length: 6 }, () => noise(8, 8).png().toBuffer()))
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer()
    expect(await refusalOf(gif, { maxFrames: 5 })).toMatchObject({ code: 'IMAGE_TOO_MANY_FRAMES', maxFrames: 5 })
  })

  test('is refused by the time it takes', async () => {
    // Some 5 s of work on a quick machine: 49 megapixels to be filtered row by row.
    const large = noise(200, 200).resize(7_000, 7_000, { kernel: 'nearest' })
    const slow = await large.png({ compressionLevel: 1 }).withXmp('<x/>').toBuffer()
    const limits = { maxSeconds: 1, maxBytes: slow.length }
    expect(await refusalOf(slow, limits)).toMatchObject({ code: 'IMAGE_TOO_SLOW', maxSeconds: 1 })
  })
})

// Each BMP has a thread started for it.
const runsFor = (kind: string): number => (kind === 'BMP' ? 6 : 25)

function isWritten(outcome: unknown): outcome is { body: { path: string } } {
  if (typeof outcome !== 'object' || outcome === null) return false
  return 'body' in outcome && typeof outcome.body === 'object' && outcome.body !== null && 'path' in outcome.body
}

/** A small PNG that would fill gigabytes: all its rows are zeros. */
function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const rows = deflateSync(Buffer.alloc(1_000_000))
  const chunks = [chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks])
}

function chunk(type: string, content: Buffer): Buffer {
  const framed = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), content, Buffer.alloc(4)])
  framed.writeUInt32BE(content.length, 0)
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), framed.length - 4)
  return framed
}

/** A 1 x 1 TIFF of one 32-bit float sample, written by hand. */
function floatTiff(): Buffer {
  const entries: [tag: number, type: number, value: number][] = [
    [256, 3, 1],
    [257, 3, 1],
    [258, 3, 32],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 134],
    [277, 3, 1],
    [278, 3, 1],
    [279, 4, 4],
    [339, 3, 3],
  ]
  const file = Buffer.alloc(140)
  file.write('II*\0', 'latin1')
  file.writeUInt32LE(8, 4)
  file.writeUInt16LE(entries.length, 8)
  entries.forEach(([tag, type, value], index) => {
    const at = 10 + index * 12
    file.writeUInt16LE(tag, at)
    file.writeUInt16LE(type, at + 2)
    file.writeUInt32LE(1, at + 4)
    file.writeUInt32LE(value, at + 8)
  })
  file.writeFloatLE(0.5, 134)
  return file
}
