// A job may name editors that take over where its own does not serve. While an editor has no healthy server, the edits
// that wait for it move to the first other one that has one; an edit that used its failures up at servers which pass
// their health checks moves to the first that it has not failed at. The next round asks for the job's own editor again.
// A rejected request does not move: a fallback stands in for an editor that is away or broken, and one that refuses a
// prompt or a picture works. Sending what it refused to the next would evade its rules, and hide from the user what to
// change.

import type { Db, Queryable, Tx } from '../db.ts'
import { appendEvents, type NewEvent } from '../events/append-event.ts'
import { moveTasks } from '../queue/move-tasks.ts'
import { type ClaimedTask, queueOf } from '../queue/task.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { eachAlone } from './each-alone.ts'
import { isTerminal, type JobRow, type JobSettings, tryLockJob } from './job-row.ts'

// Of the STAGE_RETRYING event that tells of a move.
const fallbackCode = 'EDITOR_FALLBACK'

const BATCH = 200

/** Editors that jobs have asked for and that have no healthy endpoint now: none is driven, or all are broken. */
export async function findBrokenEditors(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ editor: string }>(sql`
    select substr(queue, ${EDIT_QUEUE.length + 1}::int) as editor from queue_clock
    where starts_with(queue, ${EDIT_QUEUE}) and not exists (
      select from endpoint e
      where e.model_id = substr(queue, ${EDIT_QUEUE.length + 1}::int) and ${isHealthy})
    order by queue`)
  return rows.map(row => row.editor)
}

const EDIT_QUEUE = queueOf('EDIT', '')

// Of an `endpoint e`.
const isHealthy: SqlStatement = sql`e.lease_until > clock_timestamp() and e.health <> 'UNHEALTHY'`

/**
 * Moves the edits that wait for this editor, of jobs that have another one with a healthy endpoint, each job in a
 * transaction of its own; at most 200 jobs a call. Returns how many edits.
 */
export async function fallBack(db: Db, editor: string): Promise<number> {
  const { rows } = await db.query<{ jobId: string }>(sql`
    with healthy as materialized (
      select distinct model_id from endpoint e where ${isHealthy}
    )
    select distinct task.job_id as "jobId"
    from task join job on job.id = task.job_id
    where task.queue = ${queueOf('EDIT', editor)} and task.state = 'READY' and task.stage = 'EDIT'
      and task.submitted_at is null and job.stopping_for is null
      and jsonb_array_length(job.settings -> 'fallbackEditors') > 0
      and exists (select from healthy where model_id <> ${editor}
        and (model_id = job.editor or job.settings -> 'fallbackEditors' ? model_id))
    order by task.job_id
    limit ${BATCH}::int`)
  let moved = 0
  await eachAlone(rows, async ({ jobId }) => {
    moved += await db.transaction(tx => moveJob(tx, jobId, editor))
  })
  return moved
}

async function moveJob(tx: Tx, jobId: string, editor: string): Promise<number> {
  const job = await tryLockJob(tx, jobId)
  if (job === null || isTerminal(job.status) || job.stoppingFor !== null) return 0
  const next = await findNextEditor(tx, job, [editor])
  if (next === null) return 0
  const events = await moveEdits(tx, job, { from: queueOf('EDIT', editor), next })
  await appendEvents(tx, jobId, events)
  return events.length
}

/** Moves a locked job's waiting edits from a queue to the editor `next`. Returns the events to append, one an edit. */
export async function moveEdits(
  tx: Tx,
  { id: jobId, tenantId }: JobRow,
  { next, ...move }: { from: string; next: string; taskId?: string },
): Promise<NewEvent[]> {
  const { roundIds } = await moveTasks(tx, { ...move, jobId, tenantId, to: queueOf('EDIT', next) })
  await tx.query(sql`update round set editor = ${next} where id = any(${roundIds}::uuid[])`)
  return roundIds.map(roundId => ({
    ...{ type: 'STAGE_RETRYING', stage: 'EDIT', code: fallbackCode, retryDelayMs: 0, roundId },
  }))
}

/**
 * The editor that an edit, which is about to end for good where it is, can still go to: the job's own, else the first of
 * its fallbacks, that has a healthy endpoint and at which this edit has not failed. Null: there is none, or it was
 * submitted to a provider and may be paid for already.
 */
export async function findUntriedEditor(db: Db, task: Pick<ClaimedTask, 'id' | 'queue'>): Promise<string | null> {
  const { rows } = await db.query<{ editor: string; fallbackEditors: string[]; failedAt: string[] }>(sql`
    select job.editor, coalesce(job.settings -> 'fallbackEditors', '[]') as "fallbackEditors", array(
      select e.model_id from attempt a join endpoint e on e.id = a.endpoint_id
      where a.task_id = task.id and a.outcome = 'FAILED') as "failedAt"
    from task join job on job.id = task.job_id
    where task.id = ${task.id}::uuid and task.stage = 'EDIT' and task.submitted_at is null`)
  const [found] = rows
  if (!found) return null
  const { editor, fallbackEditors, failedAt } = found
  return await findNextEditor(db, { editor, settings: { fallbackEditors } }, [
    task.queue.slice(EDIT_QUEUE.length),
    ...failedAt,
  ])
}

/** The job's own editor, else the first of its fallbacks, that is none of these and has a healthy endpoint. */
async function findNextEditor(
  db: Queryable,
  { editor, settings }: { editor: string; settings: Pick<JobSettings, 'fallbackEditors'> },
  ruledOut: readonly string[],
): Promise<string | null> {
  const candidates = [editor, ...settings.fallbackEditors].filter(model => !ruledOut.includes(model))
  const { rows } = await db.query<{ modelId: string }>(sql`
    select distinct model_id as "modelId" from endpoint e
    where model_id = any(${candidates}::text[]) and ${isHealthy}`)
  return candidates.find(model => rows.some(({ modelId }) => modelId === model)) ?? null
}
