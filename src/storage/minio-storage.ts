// Any S3 server behind the `minio` client; no call that only MinIO knows. The client has no time limit of its own, so
// each request runs on a transport that carries our AbortSignal and cuts a silent socket. Bodies go out by a presigned
// PUT through undici: putObject would hold each body in memory, and lose If-None-Match where it splits it into parts.
// ETags are never looked at: servers disagree on what they are.

import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import https from 'node:https'
import { Client } from 'minio'
import { Agent, request } from 'undici'
import { assertObjectKey, contentTypeOfKey } from './object-key.ts'
import { ObjectNotFoundError, type ObjectStorage, StorageError } from './storage.ts'

export type MinioStorageConfig = {
  /** Origin of the S3 server, such as `https://s3.example.org`. */
  endpoint: string
  /** The same server as clients reach it; signed links name it. Default: `endpoint`. */
  publicEndpoint?: string
  accessKey: string
  secretKey: string
  /** Made when absent. */
  bucket: string
  /** Default us-east-1. */
  region?: string
  /** Longest silence, and longest wait for an answer without a body. Bodies get 1 s more for each MB. Default 10,000. */
  timeoutMs?: number
}

const MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
const PAGE_SIZE = 1000

/** A store in one bucket. Asks nothing of the server until the first call, and makes the bucket then. */
export function minioStorage(config: MinioStorageConfig): ObjectStorage {
  const { bucket, timeoutMs = 10_000, region = 'us-east-1' } = config
  const signals = new AsyncLocalStorage<AbortSignal>()
  const client = makeClient(config, config.endpoint, region, limitedTransport(config.endpoint, signals, timeoutMs))
  const publicClient = makeClient(config, config.publicEndpoint ?? config.endpoint, region)
  // The deadline of each call covers the waiting, in the measure of its body.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: timeoutMs } })

  /** Runs `work` under the deadline; whatever it throws comes out as StorageError, or as the signal's reason. */
  async function limited<T>(key: string, work: (signal: AbortSignal) => Promise<T>, options: Limit = {}): Promise<T> {
    options.signal?.throwIfAborted()
    const deadline = new AbortController()
    const ms = timeoutMs + (options.byteSize ?? 0) / 1000
    const timer = setTimeout(() => deadline.abort(new StorageError(`The object store did not answer in ${ms} ms.`)), ms)
    const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal
    try {
      return await signals.run(signal, () => work(signal))
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      if (deadline.signal.aborted) throw deadline.signal.reason
      throw toStorageError(error, key)
    } finally {
      clearTimeout(timer)
    }
  }

  let bucketMade: Promise<void> | undefined
  const withBucket = (): Promise<void> => {
    bucketMade ??= limited('', () => makeBucket(client, bucket, region)).catch(error => {
      bucketMade = undefined
      throw error
    })
    return bucketMade
  }

  return {
    async put(key, body, options, signal) {
      assertObjectKey(key)
      try {
        await withBucket()
        return await limited(
          key,
          async limit => {
            const url = await client.presignedPutObject(
              bucket,
              key,
              Math.ceil((timeoutMs + options.byteSize / 1000) / 1000) + 60,
            )
            const answer = await request(url, {
              method: 'PUT',
              headers: {
                'content-type': contentTypeOfKey(key),
                'content-length': String(options.byteSize),
                ...(options.ifAbsent && { 'if-none-match': '*' }),
              },
              body,
              signal: limit,
              dispatcher,
            })
            await answer.body.dump()
            if (answer.statusCode === 412 && options.ifAbsent) return { isNew: false }
            if (answer.statusCode !== 200)
              throw new StorageError(`The object store answered ${answer.statusCode} to a PUT.`)
            return { isNew: true }
          },
          { byteSize: options.byteSize, ...(signal && { signal }) },
        )
      } finally {
        body.destroy()
      }
    },
    async get(key, range, signal) {
      assertObjectKey(key)
      await withBucket()
      const length = range?.end === undefined ? undefined : range.end - range.start + 1
      // The stream outlives this call, so its signal is the caller's alone; the transport cuts it when it falls silent.
      return limited(key, () => client.getPartialObject(bucket, key, range?.start ?? 0, length), {
        ...(signal && { signal }),
      })
    },
    async stat(key, signal) {
      assertObjectKey(key)
      await withBucket()
      try {
        const found = await limited(key, () => client.statObject(bucket, key), { ...(signal && { signal }) })
        return { byteSize: found.size, contentType: contentTypeOfKey(key), modifiedAt: found.lastModified }
      } catch (error) {
        if (error instanceof ObjectNotFoundError) return null
        throw error
      }
    },
    async *list(prefix, after = '') {
      await withBucket()
      for (let token = ''; ; ) {
        const page = await limited('', () => client.listObjectsV2Query(bucket, prefix, token, '', PAGE_SIZE, after))
        for (const item of page.objects) {
          if (item.name) yield { key: item.name, byteSize: item.size, modifiedAt: item.lastModified }
        }
        if (!page.isTruncated) return
        token = page.nextContinuationToken
      }
    },
    async remove(keys) {
      keys.forEach(assertObjectKey)
      if (keys.length === 0) return
      await withBucket()
      const answers = await limited('', () => client.removeObjects(bucket, keys))
      const failed = answers.find(answer => answer?.Error)
      if (failed) throw new StorageError(`The object store kept an object (${failed.Error?.Code ?? 'unknown'}).`)
    },
    async signGet(key, expiresAt) {
      assertObjectKey(key)
      return publicClient.presignedGetObject(bucket, key, secondsUntil(expiresAt))
    },
    async signPut(key, { contentType, expiresAt }) {
      assertObjectKey(key)
      // A client cannot make the bucket.
      await withBucket()
      const url = await publicClient.presignedPutObject(bucket, key, secondsUntil(expiresAt))
      return { url, headers: { 'content-type': contentType } }
    },
    async check() {
      await withBucket()
      const isThere = await limited('', () => client.bucketExists(bucket))
      if (!isThere) {
        bucketMade = undefined
        throw new StorageError(`There is no bucket ${bucket}.`)
      }
    },
  }
}

type Limit = { signal?: AbortSignal; byteSize?: number }
type Transport = Pick<typeof http, 'request'>

function makeClient(config: MinioStorageConfig, endpoint: string, region: string, transport?: Transport): Client {
  const url = new URL(endpoint)
  if (url.pathname !== '/') throw new StorageError('An S3 endpoint is an origin without a path.')
  return new Client({
    endPoint: url.hostname,
    ...(url.port && { port: Number(url.port) }),
    useSSL: url.protocol === 'https:',
    accessKey: config.accessKey,
    secretKey: config.secretKey,
    // Known beforehand, it saves a request, and presigning needs no network.
    region,
    retryOptions: { disableRetry: true },
    ...(transport && { transport }),
  })
}

/** Node's own client with the current call's signal, and a limit on the silence of a body after the call has returned. */
function limitedTransport(endpoint: string, signals: AsyncLocalStorage<AbortSignal>, timeoutMs: number): Transport {
  const base = endpoint.startsWith('https:') ? https : http
  const start = (options: http.RequestOptions, onResponse?: (response: http.IncomingMessage) => void) => {
    const signal = signals.getStore()
    const req = base.request({ ...options, ...(signal && { signal }) }, onResponse)
    req.setTimeout(timeoutMs, () => req.destroy(new StorageError(`The object store was silent for ${timeoutMs} ms.`)))
    return req
  }
  // minio calls it in this one way of the many that http.request allows.
  return { request: start as typeof http.request }
}

async function makeBucket(client: Client, bucket: string, region: string): Promise<void> {
  if (await client.bucketExists(bucket)) return
  await client.makeBucket(bucket, region).catch(error => {
    if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error
  })
}

function toStorageError(error: unknown, key: string): StorageError {
  if (error instanceof StorageError) return error
  const code = codeOf(error)
  if (key && (code === 'NoSuchKey' || code === 'NotFound')) return new ObjectNotFoundError(key, { cause: error })
  return new StorageError(`The object store failed (${code || 'unknown'}).`, { cause: error })
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

function secondsUntil(expiresAt: Date): number {
  const seconds = Math.ceil((expiresAt.getTime() - Date.now()) / 1000)
  return Math.min(Math.max(seconds, 1), MAX_PRESIGNED_SECONDS)
}
