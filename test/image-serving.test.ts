import { Readable } from 'node:stream'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { imageUrl } from '../src/images/image-link.ts'
import type { ImageRow } from '../src/images/image-row.ts'
import { variantsOf } from '../src/images/image-variant.ts'
import { makeImageHandler } from '../src/images/serve-image.ts'
import { acceptUpload } from '../src/images/store-image.ts'
import { type ObjectStorage, StorageError } from '../src/storage/storage.ts'
import { type ImageSetup, openImages } from './support/image-setup.ts'
import { noisePng } from './support/pictures.ts'
import { serveHttp } from './support/serve-http.ts'

let setup: ImageSetup
let server: Awaited<ReturnType<typeof serveHttp>>
let image: ImageRow
let bytes: Buffer
const links = { secret: '', publicUrl: '' }
beforeAll(async () => {
  setup = await openImages()
  const { gate, storage } = setup.deps
  links.secret = setup.secret
  server = await serveHttp(makeImageHandler({ storage, secret: setup.secret, gate }))
  links.publicUrl = server.origin
  bytes = await noisePng(200, 120)
  image = await upload(bytes)
})
afterAll(async () => {
  await server.close()
  await setup.close()
})

const upload = async (content: Buffer) =>
  acceptUpload(setup.deps, { tenantId: await setup.createTenant(), stream: Readable.from([content]) })
const get = (url: string, headers: Record<string, string> = {}, method = 'GET') => fetch(url, { method, headers })
const bodyOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const variantsThere = async (of: ImageRow) => {
  const keys: string[] = []
  for await (const { key } of setup.deps.storage.list(variantsOf(of.objectKey))) keys.push(key)
  return keys
}

describe('an image link', () => {
  test('gives the stored bytes, for browsers to keep until it ends', async () => {
    const answer = await get(imageUrl(links, image))
    expect(answer.status).toBe(200)
    expect((await bodyOf(answer)).equals(bytes)).toBe(true)
    const headers = Object.fromEntries(answer.headers)
    expect(headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(bytes.length),
      'accept-ranges': 'bytes',
      etag: `"${image.sha256}.png"`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    expect(headers['content-disposition']).toMatch(/^inline; filename="[\w.-]+\.png"$/)
    const [, seconds] = /^private, max-age=(\d+), immutable$/.exec(headers['cache-control'] ?? '') ?? []
    expect(Number(seconds)).toBeGreaterThan(24 * 3600 - 5)
    expect(Number(seconds)).toBeLessThanOrEqual(25 * 3600)
  })

  test('answers HEAD like GET, without the bytes', async () => {
    const answer = await get(imageUrl(links, image), {}, 'HEAD')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-length')).toBe(String(bytes.length))
    expect((await bodyOf(answer)).length).toBe(0)
  })

  test.each([
    ['the same', (etag: string) => etag, 304],
    ['one of several', (etag: string) => `"x", ${etag}`, 304],
    ['any', () => '*', 304],
    ['another', () => '"other"', 200],
  ])('answers If-None-Match with %s', async (_what, toHeader, status) => {
    const etag = (await get(imageUrl(links, image), {}, 'HEAD')).headers.get('etag') ?? ''
    const answer = await get(imageUrl(links, image), { 'if-none-match': toHeader(etag) })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('etag')).toBe(etag)
    expect((await bodyOf(answer)).length).toBe(status === 304 ? 0 : bytes.length)
  })

  const ranges: [string, number, (all: Buffer) => Buffer][] = [
    ['bytes=0-9', 206, all => all.subarray(0, 10)],
    ['bytes=100-', 206, all => all.subarray(100)],
    ['bytes=-7', 206, all => all.subarray(-7)],
    ['bytes=10-99999999', 206, all => all.subarray(10)],
    ['bytes=99999999-', 416, () => Buffer.alloc(0)],
    ['bytes=0-1,5-6', 200, all => all],
    ['lines=1-2', 200, all => all],
    ['bytes=9-1', 416, () => Buffer.alloc(0)],
  ]
  test.each(ranges)('answers Range: %s with %i', async (range, status, part) => {
    const answer = await get(imageUrl(links, image), { range })
    expect(answer.status).toBe(status)
    expect((await bodyOf(answer)).equals(part(bytes))).toBe(true)
    const length = bytes.length
    const pattern = status === 206 ? new RegExp(`^bytes \\d+-\\d+/${length}$`) : new RegExp(`^bytes \\*/${length}$`)
    if (status !== 200) expect(answer.headers.get('content-range')).toMatch(pattern)
  })

  test('gives a range only of what the asker has the beginning of', async () => {
    const url = imageUrl(links, image)
    expect((await get(url, { range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200)
    const etag = `"${image.sha256}.png"`
    expect((await get(url, { range: 'bytes=0-9', 'if-range': etag })).status).toBe(206)
  })

  test('is refused when it was altered or has expired, and for other methods', async () => {
    const url = imageUrl(links, image)
    expect((await get(url.replace(/e=\d/, 'e=9'))).status).toBe(403)
    expect((await get(`${url}x`)).status).toBe(403)
    expect((await get(url.split('?')[0] ?? '')).status).toBe(403)
    expect((await get(imageUrl({ ...links, secret: 'other' }, image))).status).toBe(403)
    const old = await get(imageUrl(links, image, {}, Date.now() - 26 * 3_600_000))
    expect(old.status).toBe(410)
    expect(old.headers.get('cache-control')).toBe('no-store')
    expect((await get(url, {}, 'DELETE')).status).toBe(405)
  })

  test('of a deleted image is not found, nor are its variants', async () => {
    const gone = await upload(await noisePng())
    await setup.deps.storage.remove([gone.objectKey])
    expect((await get(imageUrl(links, gone))).status).toBe(404)
    expect((await get(imageUrl(links, gone, { width: 5 }))).status).toBe(404)
  })
})

describe('a variant', () => {
  test.each([
    ['JPEG', 'jpeg', 'image/jpeg'],
    ['WEBP', 'webp', 'image/webp'],
    ['AVIF', 'heif', 'image/avif'],
    [null, 'png', 'image/png'],
  ] as const)('comes as %s, resized in its own shape', async (format, decoder, contentType) => {
    const answer = await get(imageUrl(links, image, { width: 50, format }))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe(contentType)
    expect(await sharp(await bodyOf(answer)).metadata()).toMatchObject({ format: decoder, width: 50, height: 30 })
  })

  test('is never wider than the original', async () => {
    const answer = await get(imageUrl(links, image, { width: 4096, format: 'WEBP' }))
    expect(await sharp(await bodyOf(answer)).metadata()).toMatchObject({ width: 200, height: 120 })
  })

  test('is white where a JPEG cannot be transparent', async () => {
    const clear = await upload(
      await sharp({ create: { width: 9, height: 9, channels: 4, background: '#0000' } })
        .png()
        .toBuffer(),
    )
    const { data } = await sharp(await bodyOf(await get(imageUrl(links, clear, { format: 'JPEG' }))))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(data.every(value => value > 250)).toBe(true)
  })

  test('is made once, however many ask for it at once, and has one strong ETag', async () => {
    const fresh = await upload(await noisePng(300, 200))
    const url = imageUrl(links, fresh, { width: 123, format: 'WEBP' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(url)))
    const bodies = await Promise.all(answers.map(bodyOf))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(bodies.every(body => body.equals(bodies[0] ?? Buffer.alloc(0)))).toBe(true)
    const etags = new Set(answers.map(answer => answer.headers.get('etag')))
    expect(etags.size).toBe(1)
    expect([...etags][0]).toMatch(/^"[\w.-]+"$/)
    const [key, ...more] = await variantsThere(fresh)
    expect(more).toEqual([])
    const made = await setup.deps.storage.stat(key ?? '')
    expect((await get(url, { 'if-none-match': [...etags][0] ?? '' })).status).toBe(304)
    await get(url)
    expect(await setup.deps.storage.stat(key ?? '')).toEqual(made)
  })

  test('has other ETags for other widths and formats', async () => {
    const wishes = [{ width: 50 }, { width: 51 }, { width: 50, format: 'WEBP' as const }, {}]
    const etags = await Promise.all(
      wishes.map(async wish => (await get(imageUrl(links, image, wish), {}, 'HEAD')).headers.get('etag')),
    )
    expect(new Set(etags).size).toBe(4)
  })
})

describe('a store that fails', () => {
  const serveFrom = (storage: Partial<ObjectStorage>) => {
    const { deps, secret } = setup
    return serveHttp(makeImageHandler({ storage: { ...deps.storage, ...storage }, secret, gate: deps.gate }))
  }

  test('before the first byte is an outage, not a missing image', async () => {
    const broken = await serveFrom({ stat: () => Promise.reject(new StorageError('It is away.')) })
    expect((await get(imageUrl({ ...links, publicUrl: broken.origin }, image))).status).toBe(503)
    await broken.close()
  })

  test('half way breaks the connection, so that a part is not taken for the whole', async () => {
    async function* half() {
      yield bytes.subarray(0, 5_000)
      throw new StorageError('It went away.')
    }
    const broken = await serveFrom({ get: async () => Readable.from(half()) })
    const answer = await get(imageUrl({ ...links, publicUrl: broken.origin }, image))
    expect(answer.status).toBe(200)
    await expect(bodyOf(answer)).rejects.toThrow()
    await broken.close()
  })
})
