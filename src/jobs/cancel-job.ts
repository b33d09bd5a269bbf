import type { Db } from '../db.ts'
import { JobFinishedError, NotFoundError } from '../errors.ts'
import { appendEvents } from '../events/append-event.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { cancelQueued } from './cancel-queued.ts'
import { isTerminal, type JobStatus, lockJob } from './job-row.ts'
import { stopJob } from './stop-job.ts'

/** Which jobs of a tenant. Fields that are given must all match; a list matches any of its members. */
export type JobFilter = {
  status?: JobStatus[]
  editor?: string[]
  thinker?: string[]
  /** Jobs that carry every one of these tags. */
  tags?: string[]
  batch?: string
  createdAfter?: Date
  createdBefore?: Date
}

/**
 * Asks a job to stop; it is CANCELED once its running stages are aborted. Asking again, or for one that is canceled,
 * changes nothing. Throws JobFinishedError for one that succeeded or failed, NotFoundError for a foreign one.
 */
export async function cancelJob(db: Db, target: { tenantId: string; jobId: string }): Promise<void> {
  const outcome = await tryCancel(db, target)
  if (outcome === 'absent') throw new NotFoundError('jobId', 'job')
  if (outcome === 'SUCCEEDED' || outcome === 'FAILED') throw new JobFinishedError(outcome)
}

const CHUNK = 100
const AT_ONCE = 4

/** Cancels every unfinished job that matches, in small transactions. Returns how many were asked to stop. */
export async function cancelJobs(db: Db, target: { tenantId: string; filter: JobFilter }): Promise<number> {
  const { tenantId, filter } = target
  let count = 0
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const { rows } = await db.query<{ id: string }>(sql`
      select id from job
      where tenant_id = ${tenantId}::uuid and id > ${after}::uuid and status in ('QUEUED', 'RUNNING')
        and stopping_for is distinct from 'CANCELED' ${filterSql(filter)}
      order by id limit ${CHUNK}::int`)
    const last = rows.at(-1)
    if (last === undefined) return count
    count += await cancelChunk(
      db,
      tenantId,
      rows.map(row => row.id),
    )
    after = last.id
  }
}

/** Cancels those of the jobs that have not ended, in small transactions. Returns how many were asked to stop. */
export async function cancelEach(db: Db, tenantId: string, jobIds: readonly string[]): Promise<number> {
  let count = 0
  for (let at = 0; at < jobIds.length; at += CHUNK) {
    count += await cancelChunk(db, tenantId, jobIds.slice(at, at + CHUNK))
  }
  return count
}

async function cancelChunk(db: Db, tenantId: string, ids: readonly string[]): Promise<number> {
  const queued = new Set(await cancelQueued(db, tenantId, ids))
  const others = ids.filter(id => !queued.has(id))
  const canceled = await Promise.all(Array.from({ length: AT_ONCE }, () => cancelFrom(db, tenantId, others)))
  return canceled.reduce((sum, n) => sum + n, queued.size)
}

async function cancelFrom(db: Db, tenantId: string, ids: string[]): Promise<number> {
  let count = 0
  for (let jobId = ids.pop(); jobId !== undefined; jobId = ids.pop()) {
    if ((await tryCancel(db, { tenantId, jobId })) === 'asked') count++
  }
  return count
}

async function tryCancel(
  db: Db,
  { tenantId, jobId }: { tenantId: string; jobId: string },
): Promise<'asked' | 'absent' | 'already' | JobStatus> {
  return await db.transaction(async tx => {
    const job = await lockJob(tx, jobId, tenantId)
    if (job === null) return 'absent'
    if (isTerminal(job.status)) return job.status
    if (job.stoppingFor === 'CANCELED') return 'already'
    const finished = await stopJob(tx, job, 'CANCELED')
    await appendEvents(tx, job.id, [{ type: 'JOB_CANCEL_REQUESTED' }, ...finished])
    return 'asked'
  })
}

/** The filter as conditions on `job`, each beginning with `and`. */
function filterSql(filter: JobFilter): SqlStatement {
  return sql`
    and (${filter.status ?? null}::text[] is null or status::text = any(${filter.status ?? null}::text[]))
    and (${filter.editor ?? null}::text[] is null or editor = any(${filter.editor ?? null}::text[]))
    and (${filter.thinker ?? null}::text[] is null or thinker = any(${filter.thinker ?? null}::text[]))
    and (${filter.tags ?? null}::text[] is null or tags @> ${filter.tags ?? null}::text[])
    and (${filter.batch ?? null}::text is null or batch = ${filter.batch ?? null}::text)
    and (${filter.createdAfter ?? null}::timestamptz is null or created_at > ${filter.createdAfter ?? null}::timestamptz)
    and (${filter.createdBefore ?? null}::timestamptz is null or created_at < ${filter.createdBefore ?? null}::timestamptz)`
}
