import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { directoryStorage } from '../src/storage/directory-storage.ts'
import { minioStorage } from '../src/storage/minio-storage.ts'
import { type ObjectStorage, StorageError } from '../src/storage/storage.ts'
import { type FreezingProxy, startFreezingProxy } from './support/freezing-proxy.ts'
import { s3Config } from './support/storage-drivers.ts'
import { within } from './support/until.ts'

const put = (storage: ObjectStorage, key: string, bytes: Buffer) =>
  storage.put(key, Readable.from([bytes]), { contentType: 'image/png', byteSize: bytes.length })
const drain = async (listing: AsyncIterable<unknown>) => {
  let count = 0
  for await (const _item of listing) count++
  return count
}

const s3Endpoint = inject('s3Endpoint')

describe.runIf(s3Endpoint)('an S3 server', () => {
  const timeoutMs = 800
  let proxy: FreezingProxy
  let storage: ObjectStorage
  let patient: ObjectStorage
  beforeEach(async () => {
    proxy = await startFreezingProxy(s3Endpoint ?? '')
    const config = s3Config(proxy.origin)
    // Making a bucket may take longer than the limit under test.
    patient = minioStorage({ ...config, timeoutMs: 60_000 })
    await patient.check()
    storage = minioStorage({ ...config, timeoutMs })
  })
  afterEach(() => proxy.close())

  /** Rejects with StorageError within a few times the limit, and not by our own patience. */
  const failsInTime = (what: string, work: Promise<unknown>) =>
    expect(within(what, work, 8_000)).rejects.toBeInstanceOf(StorageError)

  test('that stops answering makes every call fail in time, and works again when it wakes', async () => {
    const bytes = randomBytes(2_000)
    await put(patient, 'a/kept.png', bytes)
    await storage.check()
    proxy.freeze()
    await Promise.all([
      failsInTime('put', put(storage, 'a/new.png', bytes)),
      failsInTime('large put', put(storage, 'a/large.png', randomBytes(3_000_000))),
      failsInTime('get', storage.get('a/kept.png')),
      failsInTime('stat', storage.stat('a/kept.png')),
      failsInTime('list', drain(storage.list('a/'))),
      failsInTime('remove', storage.remove(['a/kept.png'])),
      failsInTime('check', storage.check()),
    ])
    proxy.thaw()
    await put(patient, 'a/later.png', bytes)
    expect((await buffer(await patient.get('a/later.png'))).equals(bytes)).toBe(true)
    await storage.check()
  }, 60_000)

  test('that is asleep at the first call is asked again at the next', async () => {
    proxy.freeze()
    await failsInTime('check', storage.check())
    proxy.thaw()
    await storage.check()
  })

  test('that stops in the middle of a body breaks the read off', async () => {
    await put(patient, 'a/large.png', randomBytes(20_000_000))
    const body = await storage.get('a/large.png')
    body.once('data', () => proxy.freeze())
    await expect(within('the body', buffer(body), 8_000)).rejects.toThrow()
  })

  test('is not waited for once the caller has given up', async () => {
    proxy.freeze()
    const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
      signal => patient.stat('a/b.png', signal),
      signal => patient.get('a/b.png', undefined, signal),
      signal => patient.put('a/b.png', new PassThrough(), { contentType: 'image/png', byteSize: 9 }, signal),
    ]
    for (const call of calls) {
      const abort = new AbortController()
      const called = call(abort.signal)
      setImmediate(() => abort.abort(new Error('given up')))
      await expect(within('the call', called, 5_000)).rejects.toThrow('given up')
    }
  })

  test('that is gone makes calls fail at once', async () => {
    await proxy.close()
    const began = Date.now()
    await failsInTime('stat', storage.stat('a/b.png'))
    await failsInTime('put', put(storage, 'a/b.png', randomBytes(10)))
    expect(Date.now() - began).toBeLessThan(timeoutMs)
    await expect(storage.stat('a/b.png')).rejects.not.toThrow(/127\.0\.0\.1/)
  })

  test('that refuses the key says so in time', async () => {
    const stranger = minioStorage({ ...s3Config(proxy.origin), secretKey: 'wrong-secret' })
    await failsInTime('check', stranger.check())
    await failsInTime('put', put(stranger, 'a/b.png', randomBytes(10)))
  })
})

describe('a folder', () => {
  let root: string
  let storage: ObjectStorage
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pentimento-outage-'))
    storage = directoryStorage({ root, secret: 'secret', publicUrl: 'http://127.0.0.1' })
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  const script = (name: string) => join(import.meta.dirname, 'support', name)

  test('on a full disk refuses what does not fit, keeps no part of it, and goes on', async () => {
    const command = 'ulimit -f 400; exec "$0" --import tsx "$@"'
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      command,
      process.execPath,
      script('full-disk-process.ts'),
      root,
    ])
    expect(JSON.parse(stdout)).toEqual({
      small: 'done',
      large: 'StorageError',
      smallAgain: 'done',
      // Neither is the sender's fault: no refusal of the picture.
      spool: 'Error',
      normalize: 'Error',
    })
    expect(await readdir(join(root, 'objects', 'a'))).toEqual(['again.png', 'small.png'])
    expect(await readdir(join(root, 'tmp'))).toEqual([])
    expect(await readdir(join(root, 'spool'))).toEqual([])
  })

  test('shows nothing of an object whose writer was killed, and is tidied a day later', async () => {
    const writer = spawn(process.execPath, ['--import', 'tsx', script('endless-put-process.ts'), root])
    const left = () => readdir(join(root, 'tmp')).catch(() => [])
    await expect.poll(async () => (await left()).length, { timeout: 20_000 }).toBe(1)
    const ended = new Promise(resolve => writer.once('exit', resolve))
    writer.kill('SIGKILL')
    await ended
    expect(await storage.stat('a/half.png')).toBeNull()
    expect(await drain(storage.list(''))).toBe(0)

    await put(storage, 'a/other.png', Buffer.from('x'))
    const [name] = await left()
    expect(name).toBeDefined()
    const dayAgo = new Date(Date.now() - 25 * 3_600_000)
    await utimes(join(root, 'tmp', name ?? ''), dayAgo, dayAgo)
    await put(
      directoryStorage({ root, secret: 'secret', publicUrl: 'http://127.0.0.1' }),
      'a/third.png',
      Buffer.from('x'),
    )
    expect(await left()).toEqual([])
  })

  test('that cannot be written to is not ready, and says why without a stack of errors', async () => {
    await writeFile(join(root, 'tmp'), 'a file where a folder should be')
    await expect(storage.check()).rejects.toBeInstanceOf(StorageError)
    const body = new PassThrough()
    body.end('x')
    await expect(storage.put('a/b.png', body, { contentType: 'image/png', byteSize: 1 })).rejects.toThrow(
      /EEXIST|ENOTDIR/,
    )
    expect(body.destroyed).toBe(true)
  })

  test('keeps objects whose folder a rival empties at the same moment', async () => {
    await mkdir(join(root, 'objects'))
    for (let round = 0; round < 40; round++) {
      await put(storage, 'a/ab/old.png', Buffer.from('old'))
      await Promise.all([storage.remove(['a/ab/old.png']), put(storage, 'a/ab/new.png', Buffer.from('new'))])
      expect((await buffer(await storage.get('a/ab/new.png'))).toString()).toBe('new')
      await storage.remove(['a/ab/new.png'])
    }
  })
})
