import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Queryable } from '../src/db.ts'
import { sql } from '../src/sql.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { checkQuota, parseQuotas } from '../src/tenancy/quotas.ts'
import { setTenant } from '../src/tenancy/set-tenant.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
let operator: Caller

beforeAll(async () => {
  database = await createTestDatabase()
  operator = await loadLocalCaller(database.db)
})
afterAll(() => database.drop())

describe('a quota', () => {
  let count = 0
  async function tenantWith(quotas: Record<string, number>): Promise<string> {
    const name = `limited-${count++}`
    await setTenant(database.db, operator, { name, weight: 1, quotas })
    const { rows } = await database.db.query<{ id: string }>(sql`select id from tenant where name = ${name}`)
    return rows[0]?.id ?? ''
  }
  const insertJob = (tx: Queryable, id: string) =>
    tx.query(sql`
      insert into job (id, tenant_id, kind, instruction, editor, settings, base_seed, input_hash)
      values (${randomUUID()}::uuid, ${id}::uuid, 'GENERATE', 'a fox', 'model', '{}', 1, 'hash')`)
  const check = (tenantId: string, more: { jobs?: number; bytes?: number }) =>
    database.db.transaction(tx => checkQuota(tx, { tenantId, ...more }))

  it('is absent by default', async () => {
    expect(parseQuotas({})).toEqual({ maxUnfinishedJobs: null, maxJobsPerDay: null, maxStoredBytes: null })
    await check(await tenantWith({}), { jobs: 1_000_000, bytes: 1e15 })
  })

  it('limits unfinished jobs', async () => {
    const tenantId = await tenantWith({ maxUnfinishedJobs: 2 })
    await insertJob(database.db, tenantId)
    await check(tenantId, { jobs: 1 })
    await expect(check(tenantId, { jobs: 2 })).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      limit: 2,
      resetsAt: null,
    })
  })

  it('limits jobs a day and says when it is free again', async () => {
    const tenantId = await tenantWith({ maxJobsPerDay: 1 })
    await check(tenantId, { jobs: 1 })
    await insertJob(database.db, tenantId)
    const midnight = new Date(new Date().setUTCHours(24, 0, 0, 0))
    await expect(check(tenantId, { jobs: 1 })).rejects.toMatchObject({ limit: 1, resetsAt: midnight })
  })

  it('limits stored bytes', async () => {
    const tenantId = await tenantWith({ maxStoredBytes: 1000 })
    await check(tenantId, { bytes: 1000 })
    await expect(check(tenantId, { bytes: 1001 })).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', limit: 1000 })
    await check(tenantId, { jobs: 5 })
  })

  it('is not passed by rivals together', async () => {
    const tenantId = await tenantWith({ maxUnfinishedJobs: 5 })
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        database.db.transaction(async tx => {
          await checkQuota(tx, { tenantId, jobs: 1 })
          await insertJob(tx, tenantId)
        }),
      ),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })
})
