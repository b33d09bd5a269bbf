import type { Db, Tx } from '../db.ts'
import { appendEvents, type NewEvent } from '../events/append-event.ts'
import { holdJudgeRun } from '../judging/judge-run-row.ts'
import { writeFailedAnswer } from '../judging/record-judge-answer.ts'
import { tellAbandoned } from '../queue/record-submission.ts'
import { type ClaimedTask, maxCrashes } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { eachAlone } from './each-alone.ts'
import { giveUpStage } from './fail-stage.ts'
import { finishIfStopped } from './finish-job.ts'
import { type JobRow, tryLockJob } from './job-row.ts'

const BATCH = 200

type ExpiredTask = Pick<ClaimedTask, 'id' | 'jobId' | 'stage' | 'roundId' | 'judgeRunId' | 'call' | 'crashes' | 'queue'>

/**
 * Takes back tasks whose lease ran out: their worker is dead, stopped or cut off. Each becomes ready again ahead of the
 * others, or dead at its third crash (a poisoned task must not kill the fleet). One whose job is locked is left for the next
 * call. A judge's question has no job to fail: its answer is the error. Any number of processes may call it at once. Only
 * the database's clock is compared.
 */
export async function reapTasks(db: Db): Promise<{ reclaimed: number; dead: number }> {
  const { rows } = await db.query<Expired>(sql`
    select id, job_id as "jobId", judge_run_id as "judgeRunId" from task where state = 'LEASED' and lease_until < clock_timestamp()
    order by id limit ${BATCH}::int`)
  const reaped = { reclaimed: 0, dead: 0 }
  await eachAlone(rows, async expired => {
    const outcome = await db.transaction(tx => reapTask(tx, expired))
    if (outcome === 'reclaimed') reaped.reclaimed++
    if (outcome === 'dead') reaped.dead++
  })
  return reaped
}

type Expired = Pick<ClaimedTask, 'id' | 'jobId' | 'judgeRunId'>

async function reapTask(tx: Tx, { id, jobId, judgeRunId }: Expired): Promise<'reclaimed' | 'dead' | 'ended' | 'gone'> {
  const job = await tryLockJob(tx, jobId)
  if (job === null) return 'gone'
  const isStopping =
    judgeRunId === null ? job.stoppingFor !== null : (await holdJudgeRun(tx, judgeRunId)).status !== 'RUNNING'
  const { rows } = await tx.query<ExpiredTask>(sql`
    with expired as (
      select id, crashes + 1 >= ${maxCrashes}::int as is_dead from task
      where id = ${id}::uuid and state = 'LEASED' and lease_until < clock_timestamp()
      for update
    ), taken as (
      update task set crashes = crashes + 1, is_abort_asked = false,
        boost = case when stage = 'JUDGE' then boost else greatest(boost, 2) end,
        state = (case when ${isStopping}::boolean then 'CANCELED' when is_dead then 'DEAD' else 'READY' end)::task_state,
        ended_at = case when ${isStopping}::boolean or is_dead then clock_timestamp() end,
        error_code = ${lostCode}, error_message = ${lostMessage}
      from expired
      where task.id = expired.id
      returning task.*, ${tellAbandoned} as told
    ), noted as (
      update attempt set outcome = 'CRASHED', error_code = ${lostCode}, ended_at = clock_timestamp()
      from taken
      where attempt.task_id = taken.id and attempt.token = taken.token
    )
    select id, job_id as "jobId", stage, round_id as "roundId", judge_run_id as "judgeRunId", call, crashes, queue,
      case when state = 'READY' then pg_notify('task', queue) end as woken
    from taken`)
  const task = rows[0]
  if (task === undefined) return 'gone'
  const isDead = task.crashes >= maxCrashes
  if (task.judgeRunId !== null) {
    if (!isStopping && isDead) await writeFailedAnswer(tx, task, lostCode)
    return isStopping ? 'ended' : isDead ? 'dead' : 'reclaimed'
  }
  if (isStopping) {
    const finished = await finishIfStopped(tx, job)
    await appendEvents(tx, job.id, finished === null ? [] : [finished])
    return 'ended'
  }
  await appendEvents(tx, job.id, isDead ? await giveUp(tx, job, task) : [toRetrying(task)])
  return isDead ? 'dead' : 'reclaimed'
}

const lostCode = 'WORKER_LOST'
const lostMessage = 'The worker that ran this stage was lost.'

async function giveUp(tx: Tx, job: JobRow, task: ExpiredTask): Promise<NewEvent[]> {
  return await giveUpStage(tx, job, task, { code: lostCode, message: lostMessage, isRetryable: true })
}

function toRetrying(task: ExpiredTask): NewEvent {
  const retrying = { type: 'STAGE_RETRYING', stage: task.stage, code: lostCode, retryDelayMs: 0 } as const
  return task.roundId === null ? retrying : { ...retrying, roundId: task.roundId }
}
