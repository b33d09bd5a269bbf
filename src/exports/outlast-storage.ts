import { setTimeout as sleep } from 'node:timers/promises'
import { ObjectNotFoundError, StorageError } from '../storage/storage.ts'
import { ExportFailedError } from './errors.ts'

/** How long a store may be away. */
export type Patience = { limitMs: number; firstDelayMs: number }

/** What an export waits before it gives up. */
export const exportPatience: Patience = { limitMs: 120_000, firstDelayMs: 250 }

const LAST_DELAY_MS = 5_000

/**
 * Does the work again until the store can. Throws ExportFailedError when the store is full or stays away for longer than
 * the patience, ObjectNotFoundError as it is, and the signal's reason.
 */
export async function outlastStorage<T>(
  work: () => Promise<T>,
  { limitMs, firstDelayMs }: Patience,
  signal: AbortSignal,
): Promise<T> {
  const giveUpAt = Date.now() + limitMs
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, LAST_DELAY_MS)) {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof StorageError) || error instanceof ObjectNotFoundError) throw error
      if (isFull(error)) {
        throw new ExportFailedError('STORAGE_FULL', 'The store is full; free some of it and export again.', {
          cause: error,
        })
      }
      if (Date.now() + delayMs > giveUpAt) {
        const message = `The store gave no answer for ${Math.round(limitMs / 1000)} s; export again when it does.`
        throw new ExportFailedError('STORAGE_UNAVAILABLE', message, { cause: error })
      }
      await sleep(delayMs, undefined, { signal })
    }
  }
}

// S3 servers that are full say so in their own words: XMinioStorageFull, InsufficientStorage.
function isFull(error: StorageError): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    if (code === 'ENOSPC' || code === 'EDQUOT' || /StorageFull|InsufficientStorage|QuotaExceeded/.test(code))
      return true
  }
  return false
}
