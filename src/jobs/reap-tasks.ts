import type { Db, Tx } from '../db.ts'
import { appendEvents, type NewEvent } from '../events/append-event.ts'
import { tellAbandoned } from '../queue/record-submission.ts'
import { maxCrashes, type Stage } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { eachAlone } from './each-alone.ts'
import { giveUpStage } from './fail-stage.ts'
import { finishIfStopped } from './finish-job.ts'
import { type JobRow, tryLockJob } from './job-row.ts'

const BATCH = 200

type ExpiredTask = { id: string; jobId: string; stage: Stage; roundId: string | null; crashes: number; queue: string }

/**
 * Takes back tasks whose lease ran out: their worker is dead, stopped or cut off. Each becomes ready again ahead of the
 * others, or dead at its third crash (a poisoned task must not kill the fleet). One whose job is locked is left for the next
 * call. Any number of processes may call it at once. Only the database's clock is compared.
 */
export async function reapTasks(db: Db): Promise<{ reclaimed: number; dead: number }> {
  const { rows } = await db.query<{ id: string; jobId: string }>(sql`
    select id, job_id as "jobId" from task where state = 'LEASED' and lease_until < clock_timestamp()
    order by id limit ${BATCH}::int`)
  const reaped = { reclaimed: 0, dead: 0 }
  await eachAlone(rows, async expired => {
    const outcome = await db.transaction(tx => reapTask(tx, expired))
    if (outcome === 'reclaimed') reaped.reclaimed++
    if (outcome === 'dead') reaped.dead++
  })
  return reaped
}

async function reapTask(
  tx: Tx,
  { id, jobId }: { id: string; jobId: string },
): Promise<'reclaimed' | 'dead' | 'ended' | 'gone'> {
  const job = await tryLockJob(tx, jobId)
  if (job === null) return 'gone'
  const { rows } = await tx.query<ExpiredTask>(sql`
    with expired as (
      select id, crashes + 1 >= ${maxCrashes}::int as is_dead from task
      where id = ${id}::uuid and state = 'LEASED' and lease_until < clock_timestamp()
      for update
    ), taken as (
      update task set crashes = crashes + 1, boost = greatest(boost, 2), is_abort_asked = false,
        state = (case when ${job.stoppingFor !== null}::boolean then 'CANCELED' when is_dead then 'DEAD' else 'READY' end)::task_state,
        ended_at = case when ${job.stoppingFor !== null}::boolean or is_dead then clock_timestamp() end,
        error_code = 'WORKER_LOST', error_message = ${lostMessage}
      from expired
      where task.id = expired.id
      returning task.*, ${tellAbandoned} as told
    ), noted as (
      update attempt set outcome = 'CRASHED', error_code = 'WORKER_LOST', ended_at = clock_timestamp()
      from taken
      where attempt.task_id = taken.id and attempt.token = taken.token
    )
    select id, job_id as "jobId", stage, round_id as "roundId", crashes, queue,
      case when state = 'READY' then pg_notify('task', queue) end as woken
    from taken`)
  const task = rows[0]
  if (task === undefined) return 'gone'
  if (job.stoppingFor !== null) {
    const finished = await finishIfStopped(tx, job)
    await appendEvents(tx, job.id, finished === null ? [] : [finished])
    return 'ended'
  }
  const isDead = task.crashes >= maxCrashes
  await appendEvents(tx, job.id, isDead ? await giveUp(tx, job, task) : [toRetrying(task)])
  return isDead ? 'dead' : 'reclaimed'
}

const lostMessage = 'The worker that ran this stage was lost.'

async function giveUp(tx: Tx, job: JobRow, task: ExpiredTask): Promise<NewEvent[]> {
  return await giveUpStage(tx, job, task, { code: 'WORKER_LOST', message: lostMessage, isRetryable: true })
}

function toRetrying(task: ExpiredTask): NewEvent {
  const retrying = { type: 'STAGE_RETRYING', stage: task.stage, code: 'WORKER_LOST', retryDelayMs: 0 } as const
  return task.roundId === null ? retrying : { ...retrying, roundId: task.roundId }
}
