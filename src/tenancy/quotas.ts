import { z } from 'zod'
import type { Tx } from '../db.ts'
import { InvalidInputError, QuotaExceededError } from '../errors.ts'
import { IMPORT_PREFIX } from '../imports/import-trajectory.ts'
import { sql } from '../sql.ts'

const limit = z.number().int().nonnegative().nullable().default(null)

const Quotas = z.strictObject({ maxUnfinishedJobs: limit, maxJobsPerDay: limit, maxStoredBytes: limit })

/** A tenant's limits; null: none. Days are UTC's. */
export type Quotas = z.infer<typeof Quotas>

/** Reads what a caller or the database gives; missing limits are none. Throws InvalidInputError that names the limit. */
export function parseQuotas(value: unknown, field = 'quotas'): Quotas {
  const read = Quotas.safeParse(value ?? {})
  if (read.success) return read.data
  const issue = read.error.issues[0]
  if (issue?.code === 'unrecognized_keys') {
    const known = Object.keys(Quotas.shape).join(', ')
    throw new InvalidInputError(field, `There is no quota "${issue.keys.join('", "')}"; there are ${known}.`)
  }
  const path = [field, ...(issue?.path ?? [])].join('.')
  throw new InvalidInputError(path, `${path} must be a whole number from 0, or null for no limit.`)
}

/**
 * Throws QuotaExceededError unless the tenant may add `jobs` jobs and `bytes` bytes of images. Where a limit is set,
 * callers of one tenant wait for each other until commit, so that rivals cannot pass it together.
 */
export async function checkQuota(
  tx: Tx,
  { tenantId, jobs = 0, bytes = 0 }: { tenantId: string; jobs?: number; bytes?: number },
): Promise<void> {
  const { rows } = await tx.query<{ quotas: unknown }>(sql`select quotas from tenant where id = ${tenantId}::uuid`)
  const quotas = parseQuotas(rows[0]?.quotas)
  const isJobLimited = jobs > 0 && (quotas.maxUnfinishedJobs !== null || quotas.maxJobsPerDay !== null)
  const isByteLimited = bytes > 0 && quotas.maxStoredBytes !== null
  if (!isJobLimited && !isByteLimited) return
  await tx.query(sql`select from tenant where id = ${tenantId}::uuid for no key update`)
  if (isJobLimited) await checkJobs(tx, tenantId, jobs, quotas)
  if (isByteLimited) await checkBytes(tx, tenantId, bytes, quotas.maxStoredBytes ?? 0)
}

async function checkJobs(tx: Tx, tenantId: string, jobs: number, quotas: Quotas): Promise<void> {
  if (quotas.maxUnfinishedJobs !== null) {
    const { rows } = await tx.query<{ unfinished: number }>(sql`
      select count(*) as unfinished from job
      where tenant_id = ${tenantId}::uuid and status in ('QUEUED', 'RUNNING')`)
    const unfinished = rows[0]?.unfinished ?? 0
    if (unfinished + jobs > quotas.maxUnfinishedJobs) {
      const has = `This tenant may have ${quotas.maxUnfinishedJobs} unfinished jobs and has ${unfinished}`
      throw new QuotaExceededError(`${has}; wait for some to finish, or cancel them.`, quotas.maxUnfinishedJobs)
    }
  }
  if (quotas.maxJobsPerDay !== null) {
    const { rows } = await tx.query<{ today: number; resetsAt: Date }>(sql`
      with day as (select date_trunc('day', clock_timestamp(), 'UTC') as start)
      select (
          select count(*) from job
          where tenant_id = ${tenantId}::uuid and created_at >= day.start and not starts_with(input_hash, ${IMPORT_PREFIX})
        ) as today,
        day.start + interval '1 day' as "resetsAt"
      from day`)
    const today = rows[0]?.today ?? 0
    if (today + jobs > quotas.maxJobsPerDay) {
      const had = `This tenant may start ${quotas.maxJobsPerDay} jobs a day and has started ${today} today`
      const resetsAt = rows[0]?.resetsAt ?? null
      throw new QuotaExceededError(`${had}; more can be started after midnight UTC.`, quotas.maxJobsPerDay, resetsAt)
    }
  }
}

async function checkBytes(tx: Tx, tenantId: string, bytes: number, maxBytes: number): Promise<void> {
  const { rows } = await tx.query<{ stored: number }>(sql`
    select coalesce(sum(byte_size), 0)::int8 as stored from image where tenant_id = ${tenantId}::uuid`)
  const stored = rows[0]?.stored ?? 0
  if (stored + bytes > maxBytes) {
    const has = `This tenant may store ${maxBytes} bytes of images and stores ${stored}`
    throw new QuotaExceededError(`${has}; ${bytes} more do not fit. Delete images or jobs.`, maxBytes)
  }
}
