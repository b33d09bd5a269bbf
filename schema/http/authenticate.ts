import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Db } from '../../src/db.ts'
import { hashSecret } from '../../src/tenancy/api-key-secret.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { findCaller, loadLocalCaller, touchApiKey } from '../../src/tenancy/find-caller.ts'

export type Authenticator = {
  /** Whose secret this is; null for none, an unknown, revoked or expired one. Rejects while the database is away. */
  authenticate(secret: string | null): Promise<Caller | null>
  /** Forgets a revoked key; null: all keys. */
  forget(keyId: string | null): void
}

/** How long a key is believed without asking; a missed revocation is noticed after it. */
const TRUST_MS = 2_000
const TOUCH_MS = 60_000

/** With AUTH=off everyone is the local OPERATOR, whatever they send. Secrets are remembered as hashes only. */
export async function makeAuthenticator(config: { auth: 'off' | 'keys'; db: Db; log: Logger }): Promise<Authenticator> {
  const { db, log } = config
  if (config.auth === 'off') {
    const local = await loadLocalCaller(db)
    return { authenticate: async () => local, forget: () => {} }
  }

  const known = new LRUCache<string, { found: Promise<Caller | null>; keyId: string | null }>({
    max: 10_000,
    ttl: TRUST_MS,
  })
  const touched = new LRUCache<string, true>({ max: 10_000, ttl: TOUCH_MS })

  function look(secret: string): Promise<Caller | null> {
    const hash = hashSecret(secret)
    const trusted = known.get(hash)
    if (trusted) return trusted.found
    const entry = { found: findCaller(db, secret), keyId: null as string | null }
    known.set(hash, entry)
    entry.found.then(
      caller => {
        entry.keyId = caller?.keyId ?? null
      },
      () => known.delete(hash),
    )
    return entry.found
  }

  function touch(keyId: string): void {
    if (touched.has(keyId)) return
    touched.set(keyId, true)
    touchApiKey(db, keyId).catch(error => log.warn({ err: error, keyId }, "a key's use could not be noted"))
  }

  return {
    async authenticate(secret) {
      if (!secret || secret.length > 500) return null
      const caller = await look(secret)
      if (!caller || (caller.expiresAt && caller.expiresAt.getTime() <= Date.now())) return null
      if (caller.keyId) touch(caller.keyId)
      return caller
    },
    forget(keyId) {
      if (keyId === null) known.clear()
      else for (const [hash, entry] of known.entries()) if (entry.keyId === keyId) known.delete(hash)
    },
  }
}

/** The secret of `Authorization: Bearer SECRET`; null for anything else. */
export function bearerSecret(authorization: unknown): string | null {
  if (typeof authorization !== 'string') return null
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1] ?? null
}
