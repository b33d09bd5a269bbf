// A hosted provider takes a call, gives an id and works it off by itself. What the task's row knows of that must survive
// the worker: a submit that was paid for is neither lost nor made twice. Each write is one statement behind the fence; it
// changes nothing of the job, so it needs no job lock.

import type { Db } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { isOwnedBy } from './fence-task.ts'
import type { ClaimedTask } from './task.ts'

type Claim = Pick<ClaimedTask, 'id' | 'token' | 'workerId'>

/** The claim no longer holds its task, so nothing of it may be stored or submitted. */
export class LeaseLostError extends Error {
  constructor() {
    super("The task's lease was lost.")
    this.name = new.target.name
  }
}

/** Says that the task is about to be submitted: from now on its fate is unknown until `recordRemote`. Throws LeaseLostError. */
export async function recordIntent(db: Db, claim: Claim): Promise<void> {
  await write(db, claim, sql`submitted_at = clock_timestamp(), remote = null`)
}

/** Stores what finds the submitted task again. Throws LeaseLostError. */
export async function recordRemote(db: Db, claim: Claim, remote: string): Promise<void> {
  await write(db, claim, sql`submitted_at = coalesce(submitted_at, clock_timestamp()), remote = ${remote}::text`)
}

/** Nothing of the submit is left at the provider: the task may be submitted again. Throws LeaseLostError. */
export async function forgetSubmission(db: Db, claim: Claim): Promise<void> {
  await write(db, claim, sql`submitted_at = null, remote = null`)
}

/**
 * The NOTIFY 'abandoned' for a task that ends unclaimed although a provider works on it, by the task's columns: whoever
 * serves its queue may tell the provider to stop.
 */
export const tellAbandoned: SqlStatement = sql`
  case when task.state = 'CANCELED' and task.remote is not null
    then pg_notify('abandoned', task.id || ' ' || task.queue) end`

/** What finds an abandoned task at its provider, for one of those who ask; null: another has it, or nothing is there. */
export async function takeAbandoned(db: Db, taskId: string): Promise<string | null> {
  const { rows } = await db.query<{ remote: string }>(sql`
    with abandoned as (
      select id, remote from task
      where id = ${taskId}::uuid and state = 'CANCELED' and remote is not null
      for update skip locked
    )
    update task set remote = null from abandoned where task.id = abandoned.id
    returning abandoned.remote`)
  return rows[0]?.remote ?? null
}

async function write(db: Db, claim: Claim, set: SqlStatement): Promise<void> {
  const { rowCount } = await db.query(sql`
    update task set ${set}
    where id = ${claim.id}::uuid and ${isOwnedBy(claim)} and state = 'LEASED'`)
  if (rowCount !== 1) throw new LeaseLostError()
}
