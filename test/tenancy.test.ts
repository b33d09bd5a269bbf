import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectListener } from '../src/listener.ts'
import { sql } from '../src/sql.ts'
import { type Caller, hasRole, ROLES } from '../src/tenancy/caller.ts'
import { createApiKey } from '../src/tenancy/create-api-key.ts'
import { ensureFirstKey } from '../src/tenancy/ensure-first-key.ts'
import { findCaller, findDeadKeys, loadLocalCaller, touchApiKey } from '../src/tenancy/find-caller.ts'
import { API_KEY_CHANNEL, revokeApiKey } from '../src/tenancy/revoke-api-key.ts'
import { setTenant } from '../src/tenancy/set-tenant.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'

let database: TestDatabase
let operator: Caller

beforeAll(async () => {
  database = await createTestDatabase()
  operator = await loadLocalCaller(database.db)
})
afterAll(() => database.drop())

async function makeCaller(tenant: string, role: Caller['role']): Promise<Caller & { secret: string }> {
  await setTenant(database.db, operator, { name: tenant, weight: 1 })
  const { secret } = await createApiKey(database.db, operator, { name: role, role, expiresAt: null, tenant })
  const caller = await findCaller(database.db, secret)
  if (!caller) throw new Error('The key that was just made is not found.')
  return { ...caller, secret }
}

const newKey = { name: 'a key', role: 'READ', expiresAt: null, tenant: null } as const

describe('an API key', () => {
  it('opens its tenant with its role', async () => {
    const caller = await makeCaller('opens', 'WRITE')
    expect(caller).toMatchObject({ tenant: 'opens', role: 'WRITE', keyName: 'WRITE', expiresAt: null })
    expect(ROLES.map(role => hasRole(caller, role))).toEqual([true, true, false, false])
  })

  it('is stored as a hash and a short prefix only', async () => {
    const { secret, keyId } = await makeCaller('hashed', 'READ')
    const { rows } = await database.db.query<{ row: string; prefix: string }>(sql`
      select to_jsonb(k)::text as row, prefix from api_key k where id = ${keyId}::uuid`)
    expect(rows[0]?.row).not.toContain(secret)
    expect(secret.startsWith(rows[0]?.prefix ?? '?')).toBe(true)
    expect(rows[0]?.prefix.length).toBeLessThan(secret.length / 3)
  })

  it('is unknown when one character differs, is cut or is empty', async () => {
    const { secret } = await makeCaller('exact', 'READ')
    for (const wrong of [`${secret}x`, secret.slice(0, -1), secret.toUpperCase(), '', ' ']) {
      expect(await findCaller(database.db, wrong)).toBeNull()
    }
  })

  it('opens nothing once it has expired', async () => {
    const expiresAt = new Date(Date.now() + 60_000)
    const { id, secret } = await createApiKey(database.db, operator, { ...newKey, expiresAt })
    expect(await findCaller(database.db, secret)).toMatchObject({ expiresAt, keyId: id })
    await database.db.query(sql`update api_key set expires_at = now() - interval '1 s' where id = ${id}::uuid`)
    expect(await findCaller(database.db, secret)).toBeNull()
    expect(await findDeadKeys(database.db, [id])).toEqual([id])
  })

  it('opens nothing once it is revoked, and every process is told', async () => {
    const heard: string[] = []
    const listener = await connectListener({
      url: database.url,
      channels: [API_KEY_CHANNEL],
      onNotification: (_channel, payload) => heard.push(payload),
      onReconnect: () => {},
      log: silentLog,
    })
    const admin = await makeCaller('revoking', 'ADMIN')
    const { id, secret } = await createApiKey(database.db, admin, newKey)
    expect(await findDeadKeys(database.db, [id])).toEqual([])
    expect(await revokeApiKey(database.db, admin, id)).toBe(id)
    expect(await findCaller(database.db, secret)).toBeNull()
    expect(await findDeadKeys(database.db, [id, admin.keyId ?? ''])).toEqual([id])
    await expect.poll(() => heard).toContain(id)
    await listener.close()
  })

  it('keeps the time of its first revocation', async () => {
    const { id } = await createApiKey(database.db, operator, newKey)
    const revokedAt = async () => {
      await revokeApiKey(database.db, operator, id)
      return (await database.db.query(sql`select revoked_at from api_key where id = ${id}::uuid`)).rows[0]?.revoked_at
    }
    const first = await revokedAt()
    expect(first).toBeInstanceOf(Date)
    expect(await revokedAt()).toEqual(first)
  })

  it('has its use noted at most once a minute', async () => {
    const { id } = await createApiKey(database.db, operator, newKey)
    const lastUsedAt = async () => {
      await touchApiKey(database.db, id)
      const { rows } = await database.db.query<{ at: Date }>(sql`
        select last_used_at as at from api_key where id = ${id}::uuid`)
      return rows[0]?.at
    }
    const first = await lastUsedAt()
    expect(first).toBeInstanceOf(Date)
    expect(await lastUsedAt()).toEqual(first)
    await database.db.query(sql`
      update api_key set last_used_at = last_used_at - interval '61 s' where id = ${id}::uuid`)
    expect((await lastUsedAt())?.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? Number.POSITIVE_INFINITY)
  })

  it('is made by nobody with a role above their own, and by no WRITE key', async () => {
    const admin = await makeCaller('roles', 'ADMIN')
    const writer = await makeCaller('roles', 'WRITE')
    await expect(createApiKey(database.db, admin, { ...newKey, role: 'OPERATOR' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await expect(createApiKey(database.db, writer, newKey)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const made = await createApiKey(database.db, admin, { ...newKey, role: 'ADMIN' })
    expect(await findCaller(database.db, made.secret)).toMatchObject({ role: 'ADMIN', tenant: 'roles' })
  })

  it('is made for another tenant by an OPERATOR alone', async () => {
    const admin = await makeCaller('mine', 'ADMIN')
    await makeCaller('theirs', 'ADMIN')
    const elsewhere = { ...newKey, tenant: 'theirs' }
    await expect(createApiKey(database.db, admin, elsewhere)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const { secret } = await createApiKey(database.db, operator, elsewhere)
    expect(await findCaller(database.db, secret)).toMatchObject({ tenant: 'theirs' })
    await expect(createApiKey(database.db, operator, { ...newKey, tenant: 'nowhere' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'tenant',
    })
  })

  it('of another tenant is not there for an ADMIN, and one above their role stays', async () => {
    const admin = await makeCaller('default', 'ADMIN')
    const other = await makeCaller('other', 'READ')
    const boss = await makeCaller('default', 'OPERATOR')
    const revoke = (caller: Caller, id: string | null) => revokeApiKey(database.db, caller, id ?? '')
    await expect(revoke(admin, other.keyId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(revoke(admin, randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(revoke(admin, boss.keyId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(revoke(other, other.keyId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await findCaller(database.db, other.secret)).not.toBeNull()
    expect(await findCaller(database.db, boss.secret)).not.toBeNull()
    expect(await revoke(operator, other.keyId)).toBe(other.keyId)
  })

  it.each([
    ['name', { name: '   ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['expiresAt', { expiresAt: new Date(Date.now() - 1000) }],
  ])('is refused with a bad %s', async (field, change) => {
    const made = createApiKey(database.db, operator, { ...newKey, ...change })
    await expect(made).rejects.toMatchObject({ code: 'INVALID_INPUT', field })
  })
})

describe('the first OPERATOR key', () => {
  it('is made once, however many processes start', async () => {
    const own = await createTestDatabase()
    try {
      const made = await Promise.all(Array.from({ length: 8 }, () => ensureFirstKey(own.db, null)))
      const secrets = made.flatMap(({ secret }) => secret ?? [])
      expect(secrets).toHaveLength(1)
      expect(await findCaller(own.db, secrets[0] ?? '')).toMatchObject({ role: 'OPERATOR', tenant: 'default' })
    } finally {
      await own.drop()
    }
  })

  it('is ADMIN_KEY where that is set, and follows it when it changes', async () => {
    const own = await createTestDatabase()
    try {
      await Promise.all(Array.from({ length: 4 }, () => ensureFirstKey(own.db, 'the-first-secret')))
      expect(await findCaller(own.db, 'the-first-secret')).toMatchObject({ role: 'OPERATOR' })
      expect(await ensureFirstKey(own.db, 'the-second-secret')).toEqual({ secret: null, isRevoked: false })
      expect(await findCaller(own.db, 'the-first-secret')).toBeNull()
      expect(await findCaller(own.db, 'the-second-secret')).toMatchObject({ role: 'OPERATOR' })
      expect(await ensureFirstKey(own.db, 'the-first-secret')).toEqual({ secret: null, isRevoked: true })
    } finally {
      await own.drop()
    }
  })
})

describe('a tenant', () => {
  it('is made and changed by an OPERATOR alone, and keeps quotas that are not named', async () => {
    const admin = await makeCaller('plain', 'ADMIN')
    await expect(setTenant(database.db, admin, { name: 'plain', weight: 9 })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    const quotas = { maxUnfinishedJobs: 3, maxJobsPerDay: null, maxStoredBytes: null }
    expect(await setTenant(database.db, operator, { name: 'shaped', weight: 2, quotas })).toBe('shaped')
    await setTenant(database.db, operator, { name: 'shaped', weight: 0.5 })
    const { rows } = await database.db.query(sql`select weight, quotas from tenant where name = 'shaped'`)
    expect(rows).toEqual([{ weight: 0.5, quotas }])
  })

  it.each([
    ['name', { name: 'Has Spaces' }],
    ['name', { name: '' }],
    ['weight', { weight: 0 }],
    ['weight', { weight: Number.NaN }],
    ['quotas.maxJobsPerDay', { quotas: { maxJobsPerDay: -1 } }],
    ['quotas', { quotas: { maxJobs: 5 } }],
    ['quotas', { quotas: 'none' }],
  ])('with a bad %s is refused', async (field, change) => {
    const made = setTenant(database.db, operator, { name: 'fine', weight: 1, ...change })
    await expect(made).rejects.toMatchObject({ code: 'INVALID_INPUT', field })
  })
})
