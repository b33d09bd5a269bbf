import { v7 } from 'uuid'
import type { Db, Queryable } from '../db.ts'
import { ForbiddenError, InvalidInputError, NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import { hashSecret, makeSecret, prefixOf } from './api-key-secret.ts'
import { type Caller, hasRole, type Role } from './caller.ts'

export type NewApiKey = {
  /** 1 to 100 characters. */
  name: string
  role: Role
  /** Null: never. */
  expiresAt: Date | null
  /** Name of the tenant it opens, for OPERATORs. Null: the caller's own. */
  tenant: string | null
}

/**
 * Makes a key and returns its secret, which is shown this once and not stored. ADMINs make keys of their own tenant,
 * OPERATORs of any; nobody makes one above their own role. Throws ForbiddenError, InvalidInputError or NotFoundError.
 */
export async function createApiKey(db: Db, caller: Caller, key: NewApiKey): Promise<{ id: string; secret: string }> {
  if (!hasRole(caller, 'ADMIN')) throw new ForbiddenError('Only an ADMIN or OPERATOR key can create keys.')
  if (!hasRole(caller, key.role)) {
    throw new ForbiddenError(`A key of role ${caller.role} cannot create one of role ${key.role}.`)
  }
  const name = key.name.trim()
  if (name.length < 1 || name.length > 100) {
    throw new InvalidInputError('name', `The name must have 1 to 100 characters; it has ${name.length}.`)
  }
  if (key.expiresAt && !(key.expiresAt.getTime() > Date.now())) {
    throw new InvalidInputError('expiresAt', 'The expiry must be in the future.')
  }
  const tenantId = await chooseTenant(db, caller, key.tenant)
  const secret = makeSecret()
  const id = await insertApiKey(db, { tenantId, name, role: key.role, expiresAt: key.expiresAt, secret })
  return { id, secret }
}

async function chooseTenant(db: Queryable, caller: Caller, tenant: string | null): Promise<string> {
  if (tenant === null || tenant === caller.tenant) return caller.tenantId
  if (!hasRole(caller, 'OPERATOR')) throw new ForbiddenError('Only an OPERATOR key can create keys of another tenant.')
  const { rows } = await db.query<{ id: string }>(sql`select id from tenant where name = ${tenant}`)
  const found = rows[0]
  if (!found) throw new NotFoundError('tenant', 'tenant')
  return found.id
}

/** Inserts a key whose secret is already chosen; checks nothing. Returns its id. */
export async function insertApiKey(
  db: Queryable,
  key: { tenantId: string; name: string; role: Role; expiresAt: Date | null; secret: string },
): Promise<string> {
  const id = v7()
  await db.query(sql`
    insert into api_key (id, tenant_id, name, role, prefix, hash, expires_at)
    values (${id}::uuid, ${key.tenantId}::uuid, ${key.name}, ${key.role}::role, ${prefixOf(key.secret)},
      ${hashSecret(key.secret)}, ${key.expiresAt}::timestamptz)`)
  return id
}
