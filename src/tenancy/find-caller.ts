import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import { hashSecret } from './api-key-secret.ts'
import { type Caller, DEFAULT_TENANT, type Role } from './caller.ts'

type KeyRow = {
  keyId: string
  keyName: string
  role: Role
  tenantId: string
  tenant: string
  expiresAt: Date | null
}

/** Whose secret this is; null for an unknown, revoked or expired key. */
export async function findCaller(db: Queryable, secret: string): Promise<Caller | null> {
  const { rows } = await db.query<KeyRow>(sql`
    select k.id as "keyId", k.name as "keyName", k.role::text as role, t.id as "tenantId", t.name as tenant,
      k.expires_at as "expiresAt"
    from api_key k join tenant t on t.id = k.tenant_id
    where k.hash = ${hashSecret(secret)} and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())`)
  return rows[0] ?? null
}

/** Who asks when AUTH=off: an OPERATOR of the default tenant. */
export async function loadLocalCaller(db: Queryable): Promise<Caller> {
  const { rows } = await db.query<{ id: string; name: string }>(sql`
    select id, name from tenant where name = ${DEFAULT_TENANT}`)
  const tenant = rows[0]
  if (!tenant) throw new Error('The tenant "default" is missing, although the first migration makes it.')
  return { tenantId: tenant.id, tenant: tenant.name, role: 'OPERATOR', keyId: null, keyName: 'local', expiresAt: null }
}

/** Of these keys those that no longer open anything: revoked, expired or deleted. */
export async function findDeadKeys(db: Queryable, keyIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(sql`
    select wanted.id::text as id
    from unnest(${keyIds}::uuid[]) as wanted (id) left join api_key k on k.id = wanted.id
    where k.id is null or k.revoked_at is not null or k.expires_at <= clock_timestamp()`)
  return rows.map(row => row.id)
}

/** Notes that the key was used, at most once a minute. */
export async function touchApiKey(db: Queryable, keyId: string): Promise<void> {
  await db.query(sql`
    update api_key set last_used_at = clock_timestamp()
    where id = ${keyId}::uuid
      and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')`)
}
