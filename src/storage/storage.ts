// The one door to stored bytes. Two drivers stand behind it (minio-storage.ts, directory-storage.ts) and pass the same
// contract suite. Keys never change their bytes once written, except upload keys, which a client may PUT again.

import type { Readable } from 'node:stream'

/** What `put` needs to know beforehand; a body of another length is an error and leaves no object. */
type PutOptions = {
  contentType: string
  byteSize: number
  /** True: keep what is already there and answer `isNew: false`. Of rivals that race exactly one gets `isNew: true`. */
  ifAbsent?: boolean
}

/** Bytes `start` to `end`, both counted from 0 and inclusive; without `end` to the last byte. */
export type ByteRange = { start: number; end?: number }

/** Facts about one object; `contentType` follows from the key's extension (object-key.ts). */
export type ObjectStat = { byteSize: number; contentType: string; modifiedAt: Date }

/** One line of a listing. */
export type ListedObject = { key: string; byteSize: number; modifiedAt: Date }

/** A request that a client may make by itself until it expires: PUT the bytes to `url` with exactly these headers. */
type SignedPut = { url: string; headers: Record<string, string> }

/**
 * A bucket of immutable objects. Every method rejects with StorageError when the store cannot do it (absent, slow, full),
 * within the driver's own time limit, and with the signal's reason when that aborts.
 */
export type ObjectStorage = {
  /** Stores the whole body or nothing: a reader never sees a part of it. Consumes or destroys the body in every case. */
  put(key: string, body: Readable, options: PutOptions, signal?: AbortSignal): Promise<{ isNew: boolean }>
  /** A stream of the bytes; rejects with ObjectNotFoundError before any byte is given. */
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>
  /** Null where there is no such object. */
  stat(key: string, signal?: AbortSignal): Promise<ObjectStat | null>
  /** Keys that begin with `prefix` and come after `after`, in byte order of the key. */
  list(prefix: string, after?: string): AsyncIterable<ListedObject>
  /** Absent keys are fine. */
  remove(keys: string[]): Promise<void>
  /** A link that anyone may GET until `expiresAt`. */
  signGet(key: string, expiresAt: Date): Promise<string>
  /** Size and type are the client's promise; whoever reads the object afterwards checks them. */
  signPut(key: string, options: { contentType: string; byteSize: number; expiresAt: Date }): Promise<SignedPut>
  /** Readiness: resolves when the store can be written to. */
  check(): Promise<void>
}

/** The store failed or gave no answer in time; trying again later may help. Its message names no host and no secret. */
export class StorageError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = new.target.name
  }
}

/** There is no object under this key. */
export class ObjectNotFoundError extends StorageError {
  readonly key: string
  constructor(key: string, options: { cause?: unknown } = {}) {
    super(`There is no object ${key}.`, options)
    this.key = key
  }
}
