import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidInputError } from '../src/errors.ts'
import { type ImageFormat, imageUrl, parseImageLink } from '../src/images/image-link.ts'

const config = { secret: 'a secret of the test', publicUrl: 'https://pictures.example.org/base/' }
const sha256 = 'ab'.repeat(32)
const objectKey = `018f4c6e-0000-7000-8000-000000000001/ab/${sha256}.png`
const image = { objectKey, width: 800, contentType: 'image/png' as const }
const noon = Date.parse('2026-11-24T12:00:00Z')

/** What the server sees of a link: its path and query. */
const pathOf = (url: string) => url.slice('https://pictures.example.org/base'.length)

describe('an image link', () => {
  test('lies on our own origin and says what was asked for', () => {
    const url = imageUrl(config, image, { width: 320, format: 'WEBP' }, noon)
    expect(url).toMatch(/^https:\/\/pictures\.example\.org\/base\/images\//)
    expect(parseImageLink(config.secret, pathOf(url))).toEqual({
      objectKey,
      widthPx: 320,
      format: 'WEBP',
      expiresAt: new Date('2026-11-25T12:00:00Z'),
    })
  })

  test('is the same for everyone within an hour, and lasts 24 to 25 hours', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_600_000 }), fc.integer({ min: 1, max: 3_600_000 }), (a, b) => {
        const url = imageUrl(config, image, {}, noon + a)
        expect(imageUrl(config, image, {}, noon + b)).toBe(url)
        const lasts = (parseImageLink(config.secret, pathOf(url))?.expiresAt.getTime() ?? 0) - (noon + a)
        expect(lasts).toBeGreaterThanOrEqual(24 * 3_600_000)
        expect(lasts).toBeLessThan(25 * 3_600_000)
      }),
    )
    expect(imageUrl(config, image, {}, noon + 3_600_001)).not.toBe(imageUrl(config, image, {}, noon + 3_600_000))
  })

  test('gives the stored bytes for what would change nothing', () => {
    const plain = imageUrl(config, image, {}, noon)
    const same: { width?: number | null; format?: ImageFormat | null }[] = [
      { width: 800 },
      { width: 4096 },
      { format: 'PNG' },
      { width: 1000, format: 'PNG' },
      { width: null, format: null },
    ]
    for (const options of same) expect(imageUrl(config, image, options, noon)).toBe(plain)
  })

  test.each([0, -1, 1.5, 4097, Number.NaN, Number.POSITIVE_INFINITY])('refuses the width %d', width => {
    const ask = () => imageUrl(config, image, { width }, noon)
    expect(ask).toThrow(InvalidInputError)
    expect(ask).toThrow(/1 to 4096/)
  })

  test('is refused with any one of its bytes changed, left out or added', () => {
    const link = pathOf(imageUrl(config, image, { width: 320, format: 'WEBP' }, noon))
    for (let at = 0; at < link.length; at++) {
      for (const other of ['0', '1', 'A', 'z', '&', '/', '%', '-', '_']) {
        const [before, after] = [link.slice(0, at), link.slice(at + 1)]
        if (link[at] !== other) expect(parseImageLink(config.secret, before + other + after)).toBeNull()
        expect(parseImageLink(config.secret, before + other + link.slice(at))).toBeNull()
      }
      expect(parseImageLink(config.secret, link.slice(0, at) + link.slice(at + 1))).toBeNull()
    }
    expect(parseImageLink(config.secret, `${link}&w=1`)).toBeNull()
    expect(parseImageLink(config.secret, `${link}=`)).toBeNull()
    expect(parseImageLink('another secret', link)).toBeNull()
    expect(parseImageLink(config.secret, link)).not.toBeNull()
  })

  test('of any other text is no link, and never an exception', () => {
    fc.assert(fc.property(fc.string(), text => parseImageLink(config.secret, text) === null))
    for (const text of ['', '/', '/images/', '/images/x?s=', `/images/${objectKey}`, '//evil/images/x?e=1&s=x']) {
      expect(parseImageLink(config.secret, text)).toBeNull()
    }
  })
})
