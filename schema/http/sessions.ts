import type { Logger } from 'pino'
import type { Db } from '../../src/db.ts'
import type { EventFeed } from '../../src/events/event-feed.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { findDeadKeys } from '../../src/tenancy/find-caller.ts'

/** Why something long-lived is ended from our side. */
export type SessionEnd = 'key-ended' | 'stopping'

/** Whatever a key keeps open: WebSocket connections and SSE streams. */
export type Sessions = {
  /** `end` is called at most once. The function that is returned says that it closed by itself. */
  open(caller: Caller, end: (why: SessionEnd) => void): () => void
  /** Ends all of them; those opened later are ended at once. */
  stop(): void
}

const CHECK_MS = 2_000

/**
 * Ends what a revoked or expired key keeps open: at once when a revocation is heard, after 2 s where it was missed or
 * the key expired.
 */
export function makeSessions({ db, feed, log }: { db: Db; feed: EventFeed; log: Logger }): Sessions {
  const byKey = new Map<string, Set<(why: SessionEnd) => void>>()
  let isStopping = false

  function endKey(keyId: string): void {
    const ends = byKey.get(keyId)
    byKey.delete(keyId)
    for (const end of ends ?? []) end('key-ended')
  }

  let isChecking = false
  async function check(): Promise<void> {
    const keyIds = [...byKey.keys()].filter(keyId => keyId !== LOCAL)
    if (isChecking || keyIds.length === 0) return
    isChecking = true
    try {
      for (const keyId of await findDeadKeys(db, keyIds)) endKey(keyId)
    } catch (error) {
      log.warn({ err: error }, 'open sessions could not be checked against their keys')
    } finally {
      isChecking = false
    }
  }

  const timer = setInterval(check, CHECK_MS)
  timer.unref()
  const unsubscribe = feed.onKeyRevoked(keyId => {
    if (keyId === null) void check()
    else endKey(keyId)
  })

  return {
    open(caller, end) {
      if (isStopping) {
        end('stopping')
        return () => {}
      }
      const keyId = caller.keyId ?? LOCAL
      const ends = byKey.get(keyId) ?? new Set()
      byKey.set(keyId, ends.add(end))
      return () => {
        ends.delete(end)
        if (ends.size === 0 && byKey.get(keyId) === ends) byKey.delete(keyId)
      }
    },
    stop() {
      isStopping = true
      clearInterval(timer)
      unsubscribe()
      for (const ends of byKey.values()) for (const end of ends) end('stopping')
      byKey.clear()
    },
  }
}

const LOCAL = 'local'
