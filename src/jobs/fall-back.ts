// A job may name editors that take over while its own has no healthy server. Its waiting edits move to the first of them
// that has one; the next round asks for the job's own editor again.

import type { Db, Tx } from '../db.ts'
import { appendEvents } from '../events/append-event.ts'
import { moveTasks } from '../queue/move-tasks.ts'
import { queueOf } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { eachAlone } from './each-alone.ts'
import { isTerminal, type JobRow, tryLockJob } from './job-row.ts'

// Of the STAGE_RETRYING event that tells of a move.
const fallbackCode = 'EDITOR_FALLBACK'

const BATCH = 200

/** Editors that jobs have asked for and that have no healthy endpoint now: none is driven, or all are broken. */
export async function findBrokenEditors(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ editor: string }>(sql`
    select substr(queue, ${EDIT_QUEUE.length + 1}::int) as editor from queue_clock
    where starts_with(queue, ${EDIT_QUEUE}) and not exists (
      select from endpoint e
      where e.model_id = substr(queue, ${EDIT_QUEUE.length + 1}::int) and e.lease_until > clock_timestamp()
        and e.health <> 'UNHEALTHY')
    order by queue`)
  return rows.map(row => row.editor)
}

const EDIT_QUEUE = queueOf('EDIT', '')

/**
 * Moves the edits that wait for this editor, of jobs that have another one with a healthy endpoint, each job in a
 * transaction of its own; at most 200 jobs a call. Returns how many edits.
 */
export async function fallBack(db: Db, editor: string): Promise<number> {
  const { rows } = await db.query<{ jobId: string }>(sql`
    with healthy as materialized (
      select distinct model_id from endpoint where lease_until > clock_timestamp() and health <> 'UNHEALTHY'
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
  const next = await findNextEditor(tx, job, editor)
  if (next === null) return 0
  const { tenantId } = job
  const { roundIds } = await moveTasks(tx, {
    ...{ jobId, tenantId, from: queueOf('EDIT', editor), to: queueOf('EDIT', next) },
  })
  await tx.query(sql`update round set editor = ${next} where id = any(${roundIds}::uuid[])`)
  await appendEvents(
    tx,
    jobId,
    roundIds.map(roundId => ({ type: 'STAGE_RETRYING', stage: 'EDIT', code: fallbackCode, retryDelayMs: 0, roundId })),
  )
  return roundIds.length
}

/** The job's own editor, else the first of its fallbacks, that is not this one and has a healthy endpoint. */
async function findNextEditor(tx: Tx, { editor, settings }: JobRow, broken: string): Promise<string | null> {
  const candidates = [editor, ...settings.fallbackEditors].filter(model => model !== broken)
  const { rows } = await tx.query<{ modelId: string }>(sql`
    select distinct model_id as "modelId" from endpoint
    where model_id = any(${candidates}::text[]) and lease_until > clock_timestamp() and health <> 'UNHEALTHY'`)
  return candidates.find(model => rows.some(({ modelId }) => modelId === model)) ?? null
}
