import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { DomainError } from '../errors.ts'
import { EmptyUploadError, ImageTooLargeError, UploadAbortedError } from './errors.ts'

/** A body on the local disk; whoever asked for it removes the file. `sha256` is hex. */
export type Spooled = { path: string; byteSize: number; sha256: string }

export type SpoolOptions = { maxBytes: number; directory: string; signal?: AbortSignal }

/** Names of spooled files begin like this, so that the sweeper knows those a crash left behind. */
export const SPOOL_PREFIX = 'spool-'

/**
 * Writes a stream to a new file in `directory` while hashing it, one chunk in memory at a time. At the first byte over
 * `maxBytes` the stream is destroyed and nothing stays on the disk. Throws ImageTooLargeError, EmptyUploadError,
 * UploadAbortedError (the stream broke off) or the signal's reason; a disk error as it is.
 */
export async function spoolToFile(stream: Readable, options: SpoolOptions): Promise<Spooled> {
  const { maxBytes, directory, signal } = options
  const path = join(directory, `${SPOOL_PREFIX}${randomUUID()}`)
  const hash = createHash('sha256')
  let byteSize = 0
  const stop = () => stream.destroy()
  try {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', stop, { once: true })
    await mkdir(directory, { recursive: true })
    const file = await open(path, 'wx', 0o600)
    try {
      for await (const chunk of chunksOf(stream)) {
        byteSize += chunk.length
        if (byteSize > maxBytes) throw new ImageTooLargeError(maxBytes)
        hash.update(chunk)
        await file.writeFile(chunk)
      }
    } finally {
      await file.close()
    }
    signal?.throwIfAborted()
    if (byteSize === 0) throw new EmptyUploadError()
    return { path, byteSize, sha256: hash.digest('hex') }
  } catch (error) {
    await rm(path, { force: true })
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    stream.destroy()
  }
}

/** The same chunks; an error of the sender's side is told apart from one of our disk. */
async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (error) {
    throw error instanceof DomainError ? error : new UploadAbortedError({ cause: error })
  }
}
