import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmptyUploadError, ImageTooLargeError, UploadAbortedError } from '../src/images/errors.ts'
import { spoolToFile } from '../src/images/spool.ts'
import { acceptUpload } from '../src/images/store-image.ts'
import { directoryStorage } from '../src/storage/directory-storage.ts'
import { makeObjectHandler } from '../src/storage/object-route.ts'
import { type ImageSetup, openImages } from './support/image-setup.ts'
import { noisePng } from './support/pictures.ts'
import { serveHttp } from './support/serve-http.ts'

const CHUNK = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(262_136)])

/** A body of `byteSize` that is made while it is read; `sent` counts. */
function endless(byteSize: number): { stream: Readable; sent: { bytes: number } } {
  const sent = { bytes: 0 }
  function* chunks() {
    for (; sent.bytes < byteSize; sent.bytes += CHUNK.length) yield CHUNK
  }
  return { stream: Readable.from(chunks(), { objectMode: false }), sent }
}

describe('fifty uploads of two gigabytes at once', () => {
  let setup: ImageSetup
  beforeAll(async () => {
    setup = await openImages({ maxBytes: 10_000_000 })
  })
  afterAll(() => setup.close())

  test('are refused while they stream, in little memory and without leaving anything', async () => {
    const tenantId = await setup.createTenant()
    const uploads = Array.from({ length: 50 }, () => endless(2_000_000_000))
    const before = process.memoryUsage().rss
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 20)
    const outcomes = await Promise.all(
      uploads.map(({ stream }) => acceptUpload(setup.deps, { tenantId, stream }).catch((error: unknown) => error)),
    )
    clearInterval(watch)
    for (const outcome of outcomes) expect(outcome).toBeInstanceOf(ImageTooLargeError)
    for (const { stream, sent } of uploads) {
      expect(stream.destroyed).toBe(true)
      // 10 MB, and what lay in the stream's own buffer: held in memory, fifty of them would be seen below.
      expect(sent.bytes).toBeLessThan(11_000_000)
    }
    expect(peak - before).toBeLessThan(200_000_000)
    expect(await setup.spooledFiles()).toEqual([])
  }, 180_000)
})

describe('a spooled stream', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pentimento-spool-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  test('is a file with its size and hash', async () => {
    const spooled = await spoolToFile(Readable.from([Buffer.from('ab'), Buffer.from('c')]), { maxBytes: 3, directory })
    expect(spooled).toMatchObject({
      byteSize: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    })
    expect(await readFile(spooled.path, 'utf8')).toBe('abc')
    await rm(spooled.path)
  })

  test('that is too long, empty, broken off or aborted leaves no file', async () => {
    async function* breaking() {
      yield Buffer.from('ab')
      throw new Error('ECONNRESET')
    }
    const spool = (stream: Readable, signal?: AbortSignal) =>
      spoolToFile(stream, { maxBytes: 3, directory, ...(signal && { signal }) })
    await expect(spool(Readable.from([Buffer.from('abcd')]))).rejects.toBeInstanceOf(ImageTooLargeError)
    await expect(spool(Readable.from([]))).rejects.toBeInstanceOf(EmptyUploadError)
    await expect(spool(Readable.from(breaking()))).rejects.toBeInstanceOf(UploadAbortedError)
    const destroyed = new PassThrough()
    destroyed.destroy()
    await expect(spool(destroyed)).rejects.toBeInstanceOf(UploadAbortedError)

    const abort = new AbortController()
    const waiting = new PassThrough()
    waiting.write('a')
    const spooled = spool(waiting, abort.signal)
    setImmediate(() => abort.abort(new Error('canceled')))
    await expect(spooled).rejects.toThrow('canceled')
    expect(waiting.destroyed).toBe(true)
    await expect(spool(Readable.from([Buffer.from('a')]), AbortSignal.abort(new Error('early')))).rejects.toThrow(
      'early',
    )
    expect(await readdir(directory)).toEqual([])
  })
})

describe('a signed PUT', () => {
  let root: string
  let server: Awaited<ReturnType<typeof serveHttp>>
  let storage: ReturnType<typeof directoryStorage>
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'pentimento-put-'))
    server = await serveHttp((req, res) => makeObjectHandler({ storage, secret: 'secret' })(req, res))
    storage = directoryStorage({ root, secret: 'secret', publicUrl: server.origin })
  })
  afterAll(async () => {
    await server.close()
    await rm(root, { recursive: true })
  })

  const link = (byteSize: number, contentType = 'image/png') =>
    storage.signPut('uploads/t/u.png', { contentType, byteSize, expiresAt: new Date(Date.now() + 60_000) })

  /** The status that a client sees which sends `body` piece by piece, without a length unless one is given. */
  const put = (url: string, headers: Record<string, string>, body: Readable) =>
    new Promise<number>((resolve, reject) => {
      const req = request(url, { method: 'PUT', headers }, res => {
        body.destroy()
        res.resume()
        resolve(res.statusCode ?? 0)
      })
      // The server may cut the connection while we still send; its answer has come before that.
      req.on('error', reject)
      body.on('error', () => {})
      body.pipe(req)
    })

  test('of gigabytes is refused at once, whether its length was announced or not', async () => {
    const { url, headers } = await link(1_000)
    const announced = endless(2_000_000_000)
    expect(await put(url, { ...headers, 'content-length': '2000000000' }, announced.stream)).toBe(413)
    const silent = endless(2_000_000_000)
    expect(await put(url, headers, silent.stream)).toBe(413)
    for (const { sent } of [announced, silent]) expect(sent.bytes).toBeLessThan(200_000_000)
    expect(await storage.stat('uploads/t/u.png')).toBeNull()
  })

  test('of too few bytes, or of another type, stores nothing', async () => {
    const { url, headers } = await link(1_000)
    const few = () => Readable.from([Buffer.alloc(10)])
    expect(await put(url, { ...headers, 'content-length': '10' }, few())).toBe(400)
    expect(await put(url, headers, few())).toBe(400)
    expect(await put(url, { 'content-type': 'text/html' }, few())).toBe(415)
    expect(await put(url, {}, few())).toBe(415)
    expect(await storage.stat('uploads/t/u.png')).toBeNull()
  })

  test('whose sender leaves stores nothing', async () => {
    const { url, headers } = await link(1_000)
    const body = new PassThrough()
    body.write(Buffer.alloc(500))
    const req = request(url, { method: 'PUT', headers: { ...headers, 'content-length': '1000' } })
    const gone = new Promise(resolve => req.once('error', resolve))
    body.pipe(req)
    await expect.poll(async () => (await readdir(join(root, 'tmp')).catch(() => [])).length).toBe(1)
    req.destroy()
    await gone
    await expect.poll(async () => (await readdir(join(root, 'tmp'))).length).toBe(0)
    expect(await storage.stat('uploads/t/u.png')).toBeNull()
  })

  test('is refused with any part of its query changed, and stores a picture otherwise', async () => {
    const bytes = await noisePng()
    const { url, headers } = await link(bytes.length)
    const send = async (to: string) => (await fetch(to, { method: 'PUT', headers, body: new Uint8Array(bytes) })).status
    const query = url.indexOf('?') + 1
    for (let at = query; at < url.length; at++) {
      const other = url[at] === '1' ? '2' : '1'
      expect(await send(url.slice(0, at) + other + url.slice(at + 1))).toBe(403)
    }
    expect(await storage.stat('uploads/t/u.png')).toBeNull()
    expect(await send(url)).toBe(200)
    expect((await storage.stat('uploads/t/u.png'))?.byteSize).toBe(bytes.length)
  })
})
