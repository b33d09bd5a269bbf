import type { ModelParameter } from '../catalog.ts'
import type { Db, Queryable, Tx } from '../db.ts'
import { appendEvents, appendedPart, eventColumns, type NewEvent, notifyWatchers } from '../events/append-event.ts'
import { keepParameters } from '../fleet/check-parameters.ts'
import { deriveSeed } from '../loop/seed.ts'
import { fenceTask, isOwnedBy } from '../queue/fence-task.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { finishIfStopped } from './finish-job.ts'
import { type JobKind, type JobRow, jobColumns, lockJob, type Size } from './job-row.ts'
import { roundOrder, type StoredRound, selectRounds } from './load-state.ts'

/** A stored picture, enough to load it. */
export type ImageRef = {
  id: string
  objectKey: string
  contentType: string
  width: number
  height: number
  byteSize: number
  sha256: string
}

/** Everything a stage's call needs, read once the stage has started. */
export type StageInput = {
  tenantId: string
  jobId: string
  kind: JobKind
  instruction: string
  /** What the editor receives, or received: '' for round 0 and before any round. */
  prompt: string
  seed: number
  source: ImageRef | null
  /** What a FILL may change, of the source's size. */
  mask: ImageRef | null
  /** What a GENERATE job asks for; null: the model's own. */
  size: Size | null
  /** What an EDIT starts from: an earlier round's picture, else the source; null where a picture is made from words alone. */
  base: ImageRef | null
  /** What a THINK judges. */
  edited: ImageRef | null
  references: ImageRef[]
  editorParameters: Record<string, unknown>
  /** Whether a call that may have been paid for already may be made again. */
  resubmitUncertain: boolean
  /** The editor's id for an EDIT, the thinker's otherwise. */
  model: string
  /** What the end of the stage may be planned from. */
  seen: SeenJob
}

/**
 * A job as it stood when a stage started, and for a THINK its rounds. Nobody has its lock: what is decided from it may be
 * written as long as the job's log has not gone on.
 */
export type SeenJob = { job: JobRow; eventSeq: number; rounds: StoredRound[] }

/**
 * Starts a claimed stage, before its call: the first of a run sets the job RUNNING, a round's first EDIT announces the
 * round. Null: the lease is lost, or the job has ended or is stopping; the task is dealt with, drop it.
 */
export async function startStage(db: Db, task: ClaimedTask): Promise<StageInput | null> {
  if (task.stage === 'EDIT') {
    const started = await startEdit(db, task)
    if (started !== null) return toStageInput(started, task)
  } else {
    // A critique in a running job has nothing to announce: one read is all it needs.
    const input = await readInput(db, task)
    if (input !== null && input.job.status !== 'QUEUED') return toStageInput(input, task)
  }
  return await db.transaction(async tx => {
    const job = await lockJob(tx, task.jobId)
    if (job === null) return null
    if (job.stoppingFor !== null) {
      const end = { outcome: 'REFUSED', endpointId: null } as const
      if (!(await fenceTask(tx, task, { state: 'CANCELED' }, end))) return null
      const finished = await finishIfStopped(tx, job)
      if (finished !== null) await appendEvents(tx, job.id, [finished])
      return null
    }
    const locked = await readInput(tx, task)
    if (locked === null) return null
    await appendEvents(tx, job.id, await announce(tx, task, locked))
    return toStageInput(locked, task)
  })
}

async function announce(tx: Tx, task: ClaimedTask, input: InputRow): Promise<NewEvent[]> {
  const events: NewEvent[] = []
  if (input.job.status === 'QUEUED') {
    await tx.query(sql`
      update job set status = 'RUNNING', started_at = coalesce(started_at, clock_timestamp())
      where id = ${task.jobId}::uuid`)
    events.push({ type: 'JOB_STARTED' })
  }
  if (task.stage === 'EDIT' && task.roundId !== null && !input.isRoundStarted) {
    await tx.query(sql`update round set started_at = clock_timestamp() where id = ${task.roundId}::uuid`)
    events.push({ type: 'ROUND_STARTED', roundId: task.roundId })
  }
  return events
}

type InputRow = Pick<StageInput, 'prompt' | 'source' | 'mask' | 'size' | 'base' | 'edited' | 'references'> & {
  job: JobRow & { eventSeq: number }
  rounds: StoredRound[]
  /** What a fallback editor takes; null: the round is the job's own editor's. */
  fallbackParameters: ModelParameter[] | null
  isRoundStarted: boolean
  roundSeed: number | null
  roundEditor: string | null
}

// Reads through the fence: a task that is no longer this claim's gives no row.
async function readInput(db: Queryable, task: ClaimedTask): Promise<InputRow | null> {
  const { rows } = await db.query<InputRow>(sql`with ${picturePart} ${selectInput(task)}`)
  return rows[0] ?? null
}

/**
 * The usual start of an edit, lock, announcement and all, in one statement. Null: not usual, or somebody has the lock: one
 * statement must not wait for it, since its snapshot would be too old to see the events before its own (their order in
 * the tenant's log hangs on that). A lease that was lost just now is left to the fence.
 */
async function startEdit(db: Db, task: ClaimedTask): Promise<InputRow | null> {
  const { rows } = await db.query<InputRow>(sql`
    with ${picturePart}, locked as materialized (
      select id, status from job
      where id = ${task.jobId}::uuid and stopping_for is null and status in ('QUEUED', 'RUNNING')
      for no key update skip locked
    ), input as materialized (
      ${selectInput(task)} and exists (select from locked)
    ), started as (
      update round set started_at = clock_timestamp() from input, locked
      where round.id = ${task.roundId}::uuid and round.job_id = locked.id and started_at is null
      returning round.id
    ), announced as (
      select 1 as rank, 'JOB_STARTED' as type, null::uuid as round_id from input, locked where locked.status = 'QUEUED'
      union all select 2, 'ROUND_STARTED', id from started
    ), new_event (${eventColumns}) as (
      select ${task.jobId}::uuid, row_number() over (order by rank), type, round_id, null::uuid, null::text, null::text,
        null::text, null::text, null::text, null::boolean, null::float8, null::uuid
      from announced
    ), counted as (
      update job set event_seq = job.event_seq + added.events, status = 'RUNNING',
        started_at = coalesce(started_at, clock_timestamp())
      from locked, (select count(*)::int as events from new_event) as added
      where job.id = locked.id and added.events > 0
      returning job.id, job.tenant_id, job.run, job.event_seq, added.events
    ), ${appendedPart}, notified as (${notifyWatchers})
    select input.* from input left join notified on true`)
  return rows[0] ?? null
}

/** `picture`: stored images as ImageRef, as a part of a `with`. */
export const picturePart: SqlStatement = sql`
  picture as not materialized (
    select id, object_key as "objectKey", content_type as "contentType", width, height, byte_size as "byteSize", sha256
    from image
  )`

function selectInput(task: ClaimedTask): SqlStatement {
  return sql`
    select (
        select to_jsonb(seen) from (
          select ${jobColumns}, event_seq as "eventSeq" from job where id = task.job_id) as seen) as job,
      ${task.stage === 'THINK' ? roundsOf : sql`'[]'::jsonb`} as rounds,
      coalesce(round.prompt, '') as prompt, round.started_at is not null as "isRoundStarted",
      round.seed as "roundSeed", round.editor as "roundEditor",
      case when round.editor <> job.editor
        then coalesce((select parameters from model where id = round.editor), '[]') end as "fallbackParameters",
      to_jsonb(source) as source, to_jsonb(mask) as mask, to_jsonb(base) as base, to_jsonb(edited) as edited,
      case when job.wanted_width is not null
        then jsonb_build_object('width', job.wanted_width, 'height', job.wanted_height) end as size,
      (select coalesce(jsonb_agg(to_jsonb(picture) order by r.position), '[]')
        from job_reference r join picture on picture.id = r.image_id where r.job_id = job.id) as "references"
    from task
    join job on job.id = task.job_id
    left join round on round.id = task.round_id
    left join picture source on source.id = job.source_id
    left join picture mask on mask.id = job.mask_id
    left join picture base on base.id = coalesce(round.base_image_id, job.source_id)
    left join picture edited on edited.id = round.image_id
    where task.id = ${task.id}::uuid and ${isOwnedBy(task)} and task.state = 'LEASED' and job.stopping_for is null and job.status in ('QUEUED', 'RUNNING')`
}

const roundsOf: SqlStatement = sql`
  (select coalesce(jsonb_agg(to_jsonb(stored)), '[]') from (
    ${selectRounds} where r.job_id = task.job_id order by ${roundOrder}) as stored)`

function toStageInput(row: InputRow, task: ClaimedTask): StageInput {
  const { isRoundStarted: _, roundSeed, roundEditor, fallbackParameters, job: seen, rounds, ...input } = row
  const { eventSeq, ...job } = seen
  const { editorParameters: given, resubmitUncertain } = job.settings
  const isEdit = task.stage === 'EDIT'
  return {
    ...input,
    tenantId: job.tenantId,
    jobId: job.id,
    kind: job.kind,
    instruction: job.instruction,
    resubmitUncertain,
    seen: { job, eventSeq, rounds },
    // They were checked against those of the job's own editor.
    editorParameters: fallbackParameters === null ? given : keepParameters(fallbackParameters, given),
    // Each ask of a thinker has a seed of its own.
    seed: isEdit ? (roundSeed ?? job.baseSeed) : deriveSeed(job.baseSeed, task.roundIndex, task.candidate, task.call),
    model: isEdit ? (roundEditor ?? job.editor) : (job.thinker ?? ''),
  }
}
