import type { Tx } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { ClaimedTask } from './task.ts'

/** How an attempt ended. UNREADABLE: answered, but nothing could be read. REFUSED: the job had ended or was stopping. */
export type AttemptOutcome = 'DONE' | 'UNREADABLE' | 'FAILED' | 'BUSY' | 'RELEASED' | 'ABORTED' | 'CRASHED' | 'REFUSED'

/** What becomes of the task: ended, or waiting again. `delayMs` counts from the database's now. */
export type TaskEnd =
  | { state: 'DONE' | 'CANCELED' }
  | { state: 'DEAD' | 'UNCERTAIN'; errorCode: string; errorMessage: string; failures?: number }
  | { state: 'DELAYED'; delayMs: number; errorCode: string; errorMessage: string; failures: number }
  | { state: 'READY' }

/**
 * The fence: ends this claim of the task, and only this one. False: the lease was lost (another worker has it, or it
 * ended), so the caller must roll back and drop its result. Needs the job's lock. `done` keeps owner and token, so that
 * a commit whose answer was lost can be recognised.
 */
export async function fenceTask(
  tx: Tx,
  task: Pick<ClaimedTask, 'id' | 'token' | 'workerId'>,
  end: TaskEnd,
  attempt: { outcome: AttemptOutcome; endpointId: string | null; errorCode?: string | null },
): Promise<boolean> {
  const isOver = end.state !== 'READY' && end.state !== 'DELAYED'
  const error = 'errorCode' in end ? end : null
  const failures = 'failures' in end ? (end.failures ?? null) : null
  const delayMs = end.state === 'DELAYED' ? end.delayMs : 0
  // A retried task has waited once already; a released one goes back to where it stood. A judge's waits for its turn.
  const boost = end.state === 'DELAYED' || end.state === 'READY' ? 1 : null
  const { rowCount } = await tx.query(sql`
    with ended as (
      update task set
        state = ${end.state}::task_state,
        ended_at = case when ${isOver}::boolean then clock_timestamp() end,
        run_at = clock_timestamp() + ${delayMs}::float8 * interval '1 millisecond',
        failures = coalesce(${failures}::int, failures),
        boost = case when stage = 'JUDGE' then boost else greatest(boost, coalesce(${boost}::smallint, boost)) end,
        endpoint_id = coalesce(${attempt.endpointId}::uuid, endpoint_id),
        error_code = coalesce(${error?.errorCode ?? null}::text, error_code),
        error_message = coalesce(${error?.errorMessage ?? null}::text, error_message)
      where id = ${task.id}::uuid and ${isOwnedBy(task)} and state = 'LEASED'
      returning id, queue
    ), noted as (
      update attempt set outcome = ${attempt.outcome}, error_code = ${attempt.errorCode ?? error?.errorCode ?? null},
        endpoint_id = ${attempt.endpointId}::uuid, ended_at = clock_timestamp()
      from ended
      where attempt.task_id = ended.id and attempt.token = ${task.token}::int
    )
    select case when ${end.state === 'READY'}::boolean then pg_notify('task', queue) end from ended`)
  return rowCount === 1
}

/**
 * The same for a claim that is done, as parts of the statement that takes the job's lock in `locked`: task after job,
 * because nothing joins before the lock is there. `ended` is empty where the lease was lost.
 */
export function doneParts(
  task: Pick<ClaimedTask, 'id' | 'token' | 'workerId'>,
  endpointId: string | null,
): SqlStatement {
  return sql`
    ended as (
      update task set state = 'DONE', ended_at = clock_timestamp(), run_at = clock_timestamp(),
        endpoint_id = coalesce(${endpointId}::uuid, endpoint_id)
      from locked
      where task.id = ${task.id}::uuid and task.job_id = locked.id and ${isOwnedBy(task)} and state = 'LEASED'
      returning task.id
    ), noted as (
      update attempt set outcome = 'DONE', endpoint_id = ${endpointId}::uuid, ended_at = clock_timestamp()
      from ended
      where attempt.task_id = ended.id and attempt.token = ${task.token}::int
    )`
}

/**
 * Whether the claim is the one that holds (or last held) the task. Written so that no index serves it: left to choose,
 * Postgres walks all that the worker holds, with what it held before, instead of going to the task by its id.
 */
export function isOwnedBy(claim: Pick<ClaimedTask, 'token' | 'workerId'>): SqlStatement {
  return sql`task.owner is not distinct from ${claim.workerId}::uuid and task.token = ${claim.token}::int`
}

/** Says how the attempt really ended, where that shows only after the fence. */
export async function noteOutcome(
  tx: Tx,
  task: Pick<ClaimedTask, 'id' | 'token'>,
  { outcome, errorCode }: { outcome: AttemptOutcome; errorCode: string | null },
): Promise<void> {
  await tx.query(sql`
    update attempt set outcome = ${outcome}, error_code = ${errorCode}
    where task_id = ${task.id}::uuid and token = ${task.token}::int`)
}
