import type { Db, Queryable } from '../db.ts'
import { ForbiddenError, NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import { type Caller, hasRole, type Role } from './caller.ts'

/** Every process hears the id of a revoked key here, and forgets it. */
export const API_KEY_CHANNEL = 'api_key'

/**
 * Revokes a key at once and for good, and returns its id; a second call changes nothing. ADMINs revoke keys of their
 * own tenant, OPERATORs any; nobody revokes one above their own role. Throws ForbiddenError or NotFoundError.
 */
export async function revokeApiKey(db: Db, caller: Caller, keyId: string): Promise<string> {
  if (!hasRole(caller, 'ADMIN')) throw new ForbiddenError('Only an ADMIN or OPERATOR key can revoke keys.')
  const anyTenant = hasRole(caller, 'OPERATOR')
  await db.transaction(async tx => {
    const { rows } = await tx.query<{ role: Role }>(sql`
      select role::text as role from api_key
      where id = ${keyId}::uuid and (${anyTenant}::bool or tenant_id = ${caller.tenantId}::uuid)
      for no key update`)
    const key = rows[0]
    if (!key) throw new NotFoundError('id', 'API key')
    if (!hasRole(caller, key.role)) {
      throw new ForbiddenError(`A key of role ${caller.role} cannot revoke one of role ${key.role}.`)
    }
    await endApiKey(tx, keyId)
  })
  return keyId
}

/** Marks it revoked and tells every process; a key revoked before keeps its time. */
export async function endApiKey(tx: Queryable, keyId: string): Promise<void> {
  await tx.query(sql`
    update api_key set revoked_at = clock_timestamp() where id = ${keyId}::uuid and revoked_at is null`)
  await tx.query(sql`select pg_notify(${API_KEY_CHANNEL}, ${keyId})`)
}
