import type { Db, Tx } from '../../src/db.ts'
import { appendEvents, type NewEvent } from '../../src/events/append-event.ts'
import { sql } from '../../src/sql.ts'

/** Appends in a transaction of its own, in the order every writer keeps: the job's lock first. */
export async function writeEvents(db: Db, jobId: string, events: readonly NewEvent[]): Promise<void> {
  await db.transaction(tx => writeEventsIn(tx, jobId, events))
}

/** The same inside the caller's transaction. */
export async function writeEventsIn(tx: Tx, jobId: string, events: readonly NewEvent[]): Promise<void> {
  await lockJob(tx, jobId)
  await appendEvents(tx, jobId, events)
}

/** The job ends as SUCCEEDED, with its last event. */
export async function finishJob(db: Db, jobId: string): Promise<void> {
  await db.transaction(tx => finishJobIn(tx, jobId))
}

/** The same inside the caller's transaction. */
export async function finishJobIn(tx: Tx, jobId: string): Promise<void> {
  await lockJob(tx, jobId)
  await tx.query(sql`
    update job set status = 'SUCCEEDED', stop_reason = 'SATISFIED', finished_at = now() where id = ${jobId}::uuid`)
  await appendEvents(tx, jobId, [{ type: 'JOB_FINISHED', status: 'SUCCEEDED', stopReason: 'SATISFIED' }])
}

/** The ended job is queued again, as a retry does. */
export async function reopenJob(db: Db, jobId: string): Promise<void> {
  await db.transaction(async tx => {
    await lockJob(tx, jobId)
    await tx.query(sql`
      update job set status = 'QUEUED', stop_reason = null, finished_at = null, run = run + 1 where id = ${jobId}::uuid`)
    await appendEvents(tx, jobId, [{ type: 'JOB_RETRIED' }])
  })
}

async function lockJob(tx: Tx, jobId: string): Promise<void> {
  await tx.query(sql`select from job where id = ${jobId}::uuid for no key update`)
}
