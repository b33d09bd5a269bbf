import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ObjectNotFoundError, type ObjectStorage, StorageError } from '../src/storage/storage.ts'
import { storageDrivers, type TestStorage } from './support/storage-drivers.ts'

describe.each(storageDrivers(inject('s3Endpoint')))('the %s driver', (_name, open) => {
  let opened: TestStorage
  let storage: ObjectStorage
  beforeAll(async () => {
    opened = await open()
    storage = opened.storage
  })
  afterAll(() => opened.close())

  const folder = () => `t${randomUUID()}`
  const put = (key: string, bytes: Buffer, ifAbsent = false) =>
    storage.put(key, Readable.from([bytes]), { contentType: 'image/png', byteSize: bytes.length, ifAbsent })
  const read = async (key: string, range?: { start: number; end?: number }) => buffer(await storage.get(key, range))
  const keysOf = async (prefix: string, after?: string) => {
    const keys: string[] = []
    for await (const { key } of storage.list(prefix, after)) keys.push(key)
    return keys
  }

  test('is ready', async () => {
    await expect(storage.check()).resolves.toBeUndefined()
  })

  test('gives back the bytes it was given, with their size and the type of their key', async () => {
    const key = `${folder()}/ab/picture.png`
    const bytes = randomBytes(300_000)
    const before = Date.now() - 2_000
    await expect(put(key, bytes)).resolves.toEqual({ isNew: true })
    expect((await read(key)).equals(bytes)).toBe(true)
    const stat = await storage.stat(key)
    expect(stat).toEqual({ byteSize: 300_000, contentType: 'image/png', modifiedAt: expect.any(Date) })
    expect(stat?.modifiedAt.getTime()).toBeGreaterThan(before)
  })

  test('takes an object larger than the S3 client sends in one part', async () => {
    const key = `${folder()}/large.png`
    const chunk = randomBytes(1_000_000)
    const byteSize = 70_000_000
    const body = Readable.from(Array.from({ length: 70 }, () => chunk))
    await storage.put(key, body, { contentType: 'image/png', byteSize, ifAbsent: true })
    const hash = createHash('sha256')
    let seen = 0
    for await (const part of await storage.get(key)) {
      hash.update(part)
      seen += part.length
    }
    const expected = createHash('sha256')
    for (let index = 0; index < 70; index++) expected.update(chunk)
    expect(seen).toBe(byteSize)
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
    await expect(
      storage.put(key, Readable.from([chunk]), { contentType: 'image/png', byteSize: chunk.length, ifAbsent: true }),
    ).resolves.toEqual({ isNew: false })
    expect((await storage.stat(key))?.byteSize).toBe(byteSize)
  })

  test('keeps an object of no bytes', async () => {
    const key = `${folder()}/empty.png`
    await put(key, Buffer.alloc(0))
    expect((await storage.stat(key))?.byteSize).toBe(0)
    expect((await read(key)).length).toBe(0)
  })

  test('reads any range, and stops at the end', async () => {
    const key = `${folder()}/range.png`
    const bytes = randomBytes(10_000)
    await put(key, bytes)
    expect(await read(key, { start: 0, end: 0 })).toEqual(bytes.subarray(0, 1))
    expect(await read(key, { start: 100, end: 299 })).toEqual(bytes.subarray(100, 300))
    expect(await read(key, { start: 9_000 })).toEqual(bytes.subarray(9_000))
    expect(await read(key, { start: 9_999, end: 20_000 })).toEqual(bytes.subarray(9_999))
    expect(await read(key, { start: 0 })).toEqual(bytes)
  })

  test('replaces an object unless told to keep what is there', async () => {
    const key = `${folder()}/same.png`
    await put(key, Buffer.from('first'))
    await expect(put(key, Buffer.from('second'), true)).resolves.toEqual({ isNew: false })
    expect((await read(key)).toString()).toBe('first')
    await expect(put(key, Buffer.from('third'))).resolves.toEqual({ isNew: true })
    expect((await read(key)).toString()).toBe('third')
  })

  test('gives exactly one of many rivals the name, and its bytes stay', async () => {
    for (let round = 0; round < 10; round++) {
      const key = `${folder()}/race.png`
      const bodies = Array.from({ length: 16 }, () => randomBytes(20_000))
      const answers = await Promise.all(bodies.map(body => put(key, body, true)))
      const winners = bodies.filter((_, index) => answers[index]?.isNew)
      expect(winners).toHaveLength(1)
      expect((await read(key)).equals(winners[0] ?? Buffer.alloc(0))).toBe(true)
    }
  })

  test('tells an absent object by its error, and by null', async () => {
    const key = `${folder()}/absent.png`
    await expect(storage.get(key)).rejects.toBeInstanceOf(ObjectNotFoundError)
    await expect(storage.get(key, { start: 5, end: 9 })).rejects.toMatchObject({ key })
    await expect(storage.stat(key)).resolves.toBeNull()
  })

  test('lists keys in byte order, from any place on', async () => {
    const at = folder()
    const names = ['a-b.png', 'a/1.png', 'a/2/3.png', 'a.png', 'a0.png', 'b/1.png']
    for (const name of [...names].reverse()) await put(`${at}/${name}`, Buffer.from(name))
    const sorted = names.map(name => `${at}/${name}`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(await keysOf(`${at}/`)).toEqual(sorted)
    for (const key of sorted) {
      expect(await keysOf(`${at}/`, key)).toEqual(sorted.slice(sorted.indexOf(key) + 1))
    }
    expect(await keysOf(`${at}/a/`)).toEqual([`${at}/a/1.png`, `${at}/a/2/3.png`])
    expect(await keysOf(`${at}/a`, `${at}/a/1.pngx`)).toEqual([`${at}/a/2/3.png`, `${at}/a0.png`])
    expect(await keysOf(`${at}x`)).toEqual([])
    for await (const item of storage.list(`${at}/a.png`)) {
      expect(item).toEqual({ key: `${at}/a.png`, byteSize: 5, modifiedAt: expect.any(Date) })
    }
  })

  test('lists and removes more than one page', async () => {
    const at = folder()
    const keys = Array.from({ length: 1_050 }, (_, index) => `${at}/${String(index).padStart(4, '0')}.png`)
    for (let from = 0; from < keys.length; from += 50) {
      await Promise.all(keys.slice(from, from + 50).map(key => put(key, Buffer.from('x'))))
    }
    expect(await keysOf(at)).toEqual(keys)
    await storage.remove(keys.slice(1))
    expect(await keysOf(at)).toEqual(keys.slice(0, 1))
  })

  test('removes what is there and does not mind what is not', async () => {
    const at = folder()
    await put(`${at}/ab/there.png`, Buffer.from('x'))
    await storage.remove([`${at}/ab/there.png`, `${at}/ab/absent.png`, `${at}/cd/absent.png`])
    await storage.remove([])
    await expect(storage.stat(`${at}/ab/there.png`)).resolves.toBeNull()
  })

  test.each([
    ['shorter', 90],
    ['longer', 110],
  ])('refuses a body %s than announced and keeps nothing', async (_what, length) => {
    const key = `${folder()}/wrong.png`
    const body = Readable.from([randomBytes(length)])
    await expect(storage.put(key, body, { contentType: 'image/png', byteSize: 100 })).rejects.toBeInstanceOf(
      StorageError,
    )
    await expect(storage.stat(key)).resolves.toBeNull()
  })

  test('keeps nothing of a body that breaks off', async () => {
    const key = `${folder()}/broken.png`
    async function* breaking() {
      yield randomBytes(50)
      throw new Error('the sender left')
    }
    const body = Readable.from(breaking())
    await expect(storage.put(key, body, { contentType: 'image/png', byteSize: 100 })).rejects.toBeInstanceOf(
      StorageError,
    )
    await expect(storage.stat(key)).resolves.toBeNull()
  })

  test('stops a put whose signal aborts, with its reason', async () => {
    const key = `${folder()}/aborted.png`
    const abort = new AbortController()
    const body = new PassThrough()
    body.write(randomBytes(50))
    const stored = storage.put(key, body, { contentType: 'image/png', byteSize: 100 }, abort.signal)
    setImmediate(() => abort.abort(new Error('canceled')))
    await expect(stored).rejects.toThrow('canceled')
    expect(body.destroyed).toBe(true)
    await expect(storage.stat(key)).resolves.toBeNull()
  })

  test('stops a read whose signal aborts', async () => {
    const key = `${folder()}/stopped.png`
    await put(key, randomBytes(5_000_000))
    const abort = new AbortController()
    const body = await storage.get(key, undefined, abort.signal)
    body.once('data', () => abort.abort())
    await expect(buffer(body)).rejects.toThrow()
    await expect(storage.get(key, undefined, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
  })

  test.each([
    '../secret.png',
    'a/../b.png',
    '/etc/passwd',
    'a//b.png',
    'A.png',
    'a b.png',
    'a\0.png',
    '',
    '.hidden',
    'a/',
  ])('refuses the key %j', async key => {
    await expect(put(key, Buffer.from('x'))).rejects.toBeInstanceOf(TypeError)
    await expect(storage.get(key)).rejects.toBeInstanceOf(TypeError)
    await expect(storage.stat(key)).rejects.toBeInstanceOf(TypeError)
    await expect(storage.remove([key])).rejects.toBeInstanceOf(TypeError)
    await expect(storage.signGet(key, new Date())).rejects.toBeInstanceOf(TypeError)
  })
})
