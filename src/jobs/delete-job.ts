import type { Db } from '../db.ts'
import { JobActiveError, NotFoundError } from '../errors.ts'
import { finishJudgeRun } from '../judging/finish-judge-run.ts'
import { sql } from '../sql.ts'
import { isTerminal, lockJob } from './job-row.ts'

/**
 * Removes a finished job with its rounds, critiques and events; its watchers hear of a gap. Forks of it stay, with
 * their pictures and without a parent; judge runs go on without it. Pictures nobody needs any more are swept later.
 * Throws JobActiveError for an unfinished job, NotFoundError for a foreign one.
 */
export async function deleteJob(db: Db, target: { tenantId: string; jobId: string }): Promise<void> {
  const judgeRunIds = await db.transaction(async tx => {
    const job = await lockJob(tx, target.jobId, target.tenantId)
    if (job === null) throw new NotFoundError('jobId', 'job')
    if (!isTerminal(job.status)) throw new JobActiveError(job.status)
    const { rows } = await tx.query<{ id: string }>(sql`
      select distinct judge_run_id as id from task where job_id = ${job.id}::uuid and judge_run_id is not null`)
    await tx.query(sql`delete from job where id = ${job.id}::uuid`)
    await tx.query(sql`select pg_notify('job_event', ${`${job.tenantId} ${job.id} 0`})`)
    return rows.map(row => row.id)
  })
  for (const id of judgeRunIds) await finishJudgeRun(db, id)
}
