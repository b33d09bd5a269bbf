import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { SPOOL_PREFIX } from '../images/spool.ts'
import { ExportFailedError } from './errors.ts'
import type { Sink } from './export-format.ts'

/** A file in the making, on the local disk. `sha256` (hex) and `byteSize` are of what was written when it was closed. */
export type Spool = Sink & {
  close(): Promise<{ byteSize: number; sha256: string }>
  /** Its bytes from the start; may be asked for again. */
  read(): Readable
  remove(): Promise<void>
}

// A system call a block: small ones would take longer than the work.
const READ_BYTES = 256 * 1024

/** A new file in `directory`, which is made. A full disk is an ExportFailedError. */
export async function openSpool(directory: string): Promise<Spool> {
  const path = join(directory, `${SPOOL_PREFIX}${randomUUID()}`)
  const hash = createHash('sha256')
  let byteSize = 0
  await mkdir(directory, { recursive: true })
  const file = await open(path, 'wx', 0o600).catch(toFailure)
  let isOpen = true
  const close = async () => {
    if (isOpen) await file.close()
    isOpen = false
  }
  return {
    async write(bytes) {
      const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      byteSize += chunk.length
      hash.update(chunk)
      await file.writeFile(chunk).catch(toFailure)
    },
    async close() {
      await close()
      return { byteSize, sha256: hash.digest('hex') }
    },
    read: () => createReadStream(path, { highWaterMark: READ_BYTES }),
    async remove() {
      await close()
      await rm(path, { force: true })
    },
  }
}

function toFailure(error: unknown): never {
  const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  if (!isFull) throw error
  throw new ExportFailedError('DISK_FULL', 'The disk of the server is full; free some of it and export again.', {
    cause: error,
  })
}
