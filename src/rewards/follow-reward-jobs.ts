import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '../db.ts'
import { cancelEach } from '../jobs/cancel-job.ts'
import type { JobStatus } from '../jobs/job-row.ts'
import { sql } from '../sql.ts'
import { atMost } from './at-most.ts'
import type { PairOfScores } from './read-answer.ts'

/** How a job of a reward ended. `scores` null: it has none to go by. */
export type RewardJobEnd = {
  id: string
  status: JobStatus
  stopReason: string
  hasPicture: boolean
  scores: PairOfScores | null
  errorMessage: string | null
}

const POLL_MS = 200
const LAST_LOOK_MS = 400

/**
 * Waits until all jobs have ended, at most until `endsAt` (of performance.now()) and half a second, whatever the database
 * does; gives those that have. An outage is waited out.
 */
export async function followRewardJobs(
  { db, log }: { db: Db; log: Logger },
  { jobIds, endsAt }: { jobIds: readonly string[]; endsAt: number },
): Promise<Map<string, RewardJobEnd>> {
  const ended = new Map<string, RewardJobEnd>()
  let isFailing = false
  const look = async () => {
    const open = jobIds.filter(id => !ended.has(id))
    try {
      for (const end of await readEnds(db, open)) ended.set(end.id, end)
      isFailing = false
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the jobs of a batch of rewards could not be read')
      isFailing = true
    }
  }
  while (ended.size < jobIds.length) {
    const leftMs = endsAt - performance.now()
    await atMost(look(), leftMs + LAST_LOOK_MS)
    if (leftMs <= 0) break
    if (ended.size < jobIds.length) await sleep(Math.min(POLL_MS, leftMs), undefined, { ref: false })
  }
  return new Map(ended)
}

async function readEnds(db: Db, jobIds: readonly string[]): Promise<RewardJobEnd[]> {
  const { rows } = await db.query<RewardJobEnd>(sql`
    select job.id, job.status, job.stop_reason as "stopReason", round.image_id is not null as "hasPicture",
      case when critique.overall is not null
        then jsonb_build_object('semantic', critique.semantic, 'quality', critique.quality) end as scores,
      coalesce(job.error_message, round.error_message) as "errorMessage"
    from job left join round on round.job_id = job.id and round.index = 1 and round.candidate = 0
      left join critique on critique.round_id = round.id and critique.source = 'THINKER'
    where job.id = any(${[...jobIds]}::uuid[]) and job.status in ('SUCCEEDED', 'FAILED', 'CANCELED')`)
  return rows
}

/** A second and the part of one that a deadline in whole seconds may be late. */
const LATE_SECONDS = 2

/** Cancels those of the jobs for which no other batch waits longer. */
export async function cancelUnused(db: Db, tenantId: string, jobIds: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ id: string }>(sql`
    select id from job
    where id = any(${[...jobIds]}::uuid[]) and tenant_id = ${tenantId}::uuid and status in ('QUEUED', 'RUNNING')
      and coalesce(deadline_at <= clock_timestamp() + ${LATE_SECONDS} * interval '1 second', true)
    order by id`)
  return await cancelEach(
    db,
    tenantId,
    rows.map(({ id }) => id),
  )
}
