import type { Db } from '../db.ts'
import { appendEvents } from '../events/append-event.ts'
import { sql } from '../sql.ts'
import { eachAlone } from './each-alone.ts'
import { isTerminal, tryLockJob } from './job-row.ts'
import { stopJob } from './stop-job.ts'

const BATCH = 100

/** Stops jobs whose deadline has passed, queued or running, each in a transaction of its own. Returns how many. */
export async function enforceDeadlines(db: Db): Promise<number> {
  const { rows } = await db.query<{ id: string }>(sql`
    select id from job
    where deadline_at is not null and deadline_at <= clock_timestamp() and status in ('QUEUED', 'RUNNING')
      and stopping_for is null
    order by deadline_at limit ${BATCH}::int`)
  let stopped = 0
  await eachAlone(rows, async ({ id }) => {
    const isStopped = await db.transaction(async tx => {
      const job = await tryLockJob(tx, id)
      if (job === null || isTerminal(job.status) || job.stoppingFor !== null || !job.isPastDeadline) return false
      await appendEvents(tx, id, await stopJob(tx, job, 'DEADLINE'))
      return true
    })
    if (isStopped) stopped++
  })
  return stopped
}
