import type { Db, Tx } from '../db.ts'
import { appendEvents, type NewEvent } from '../events/append-event.ts'
import { type AttemptOutcome, doneParts, fenceTask, isOwnedBy, type TaskEnd } from '../queue/fence-task.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { type JobRow, jobColumns, lockJob } from './job-row.ts'

/** Whether the result was written. Fenced: the lease was no longer this worker's, so nothing was. */
export type Recorded = { isFenced: boolean }

/** How a stage ends; chosen under the job's lock. */
export type StageEnd = {
  end: TaskEnd
  outcome: AttemptOutcome
  endpointId: string | null
  errorCode?: string
}

/**
 * The frame of every transaction that ends a stage: the job's lock, then the fence, then `work`, whose events are
 * appended last; all commit together or not at all. Calling it again after a commit whose answer was lost finds the task
 * ended by the same claim and counts as recorded.
 */
export async function endStage(
  db: Db,
  task: ClaimedTask,
  choose: (job: JobRow, tx: Tx) => StageEnd | Promise<StageEnd>,
  work: (tx: Tx, job: JobRow) => Promise<NewEvent[]>,
): Promise<Recorded> {
  return await db.transaction(async tx => {
    const job = await lockJob(tx, task.jobId)
    if (job === null) return { isFenced: true }
    const stage = await choose(job, tx)
    const isOurs = await fenceTask(tx, task, stage.end, {
      outcome: stage.outcome,
      endpointId: stage.endpointId,
      errorCode: stage.errorCode ?? null,
    })
    if (!isOurs) return { isFenced: !(await wasEndedByUs(tx, task)) }
    await appendEvents(tx, job.id, await work(tx, job))
    return { isFenced: false }
  })
}

/**
 * The same for a stage that was answered, whose task is done whatever follows: lock and fence in one statement. `work`
 * writes the events itself or returns them.
 */
export async function completeStage(
  db: Db,
  task: ClaimedTask,
  endpointId: string | null,
  work: (tx: Tx, job: JobRow) => Promise<NewEvent[]>,
): Promise<Recorded> {
  return await db.transaction(async tx => {
    const { rows } = await tx.query<JobRow & { isOurs: boolean }>(sql`
      with locked as materialized (
        select ${jobColumns} from job where id = ${task.jobId}::uuid for no key update
      ), ${doneParts(task, endpointId)}
      select locked.*, exists (select from ended) as "isOurs" from locked`)
    const job = rows[0]
    if (job === undefined) return { isFenced: true }
    if (!job.isOurs) return { isFenced: !(await wasEndedByUs(tx, task)) }
    await appendEvents(tx, job.id, await work(tx, job))
    return { isFenced: false }
  })
}

async function wasEndedByUs(tx: Tx, task: ClaimedTask): Promise<boolean> {
  const { rows } = await tx.query(sql`
    select 1 from task
    where id = ${task.id}::uuid and ${isOwnedBy(task)} and state = 'DONE'`)
  return rows.length === 1
}
