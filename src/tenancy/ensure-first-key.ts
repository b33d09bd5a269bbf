import type { Db, Tx } from '../db.ts'
import { sql } from '../sql.ts'
import { hashSecret, makeSecret } from './api-key-secret.ts'
import { insertApiKey } from './create-api-key.ts'
import { loadLocalCaller } from './find-caller.ts'
import { endApiKey } from './revoke-api-key.ts'

const SETTING = 'admin_key_id'

/**
 * Sees to it that an OPERATOR key exists. With `adminKey` that is the key, and the one a former ADMIN_KEY made is
 * revoked; without, one is made only where no usable OPERATOR key is left, and its secret returned to be shown once.
 * Of several processes that start at once, one acts. `isRevoked`: the given key was revoked and stays so.
 */
export async function ensureFirstKey(
  db: Db,
  adminKey: string | null,
): Promise<{ secret: string | null; isRevoked: boolean }> {
  return db.transaction(async tx => {
    await tx.query(sql`select pg_advisory_xact_lock(hashtext('pentimento first key'))`)
    return adminKey === null ? makeIfNone(tx) : useAdminKey(tx, adminKey)
  })
}

async function makeIfNone(tx: Tx): Promise<{ secret: string | null; isRevoked: boolean }> {
  const { rows } = await tx.query(sql`
    select 1 from api_key
    where role = 'OPERATOR' and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
    limit 1`)
  if (rows.length > 0) return { secret: null, isRevoked: false }
  const secret = makeSecret()
  await insertOperator(tx, secret)
  return { secret, isRevoked: false }
}

async function useAdminKey(tx: Tx, adminKey: string): Promise<{ secret: null; isRevoked: boolean }> {
  const { rows } = await tx.query<{ id: string; isRevoked: boolean }>(sql`
    select id, revoked_at is not null as "isRevoked" from api_key where hash = ${hashSecret(adminKey)}`)
  const known = rows[0]
  const id = known?.id ?? (await insertOperator(tx, adminKey))
  const former = await tx.query<{ value: string }>(sql`select value from setting where name = ${SETTING}`)
  const formerId = former.rows[0]?.value
  if (formerId !== id) {
    if (formerId) await endApiKey(tx, formerId)
    await tx.query(sql`
      insert into setting (name, value) values (${SETTING}, ${id})
      on conflict (name) do update set value = excluded.value`)
  }
  return { secret: null, isRevoked: known?.isRevoked ?? false }
}

async function insertOperator(tx: Tx, secret: string): Promise<string> {
  const { tenantId } = await loadLocalCaller(tx)
  return insertApiKey(tx, { tenantId, name: 'first operator', role: 'OPERATOR', expiresAt: null, secret })
}
