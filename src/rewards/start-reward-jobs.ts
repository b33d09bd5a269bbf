// One edit is one job, found again by its idempotency key: what the picture and its scores depend on. The job's deadline
// is that of the batch that waits longest for it, so none is stopped under another's eyes, and none outlives a crash.

import type { Db } from '../db.ts'
import { type DomainError, IdempotencyConflictError } from '../errors.ts'
import { cancelEach } from '../jobs/cancel-job.ts'
import { hashInput } from '../jobs/insert-jobs.ts'
import { type NewJob, startJobs } from '../jobs/start-jobs.ts'
import { defaultSettings } from '../loop/settings.ts'
import { sql } from '../sql.ts'

/** One edit with its judgement: the source is edited with `prompt`, the result judged by `instruction`. */
export type RewardEdit = {
  sourceId: string
  instruction: string
  prompt: string
  editor: string
  judge: string
  seed: number
  editorParameters: Record<string, unknown>
}

/** The edits of one batch, which gives up after `secondsLeft`. */
export type RewardEdits = { tenantId: string; edits: readonly RewardEdit[]; batch: string | null; secondsLeft: number }

/** What the same edit has in every batch, and no other edit. */
export function toRewardKey(edit: RewardEdit): string {
  return `reward/${hashInput(edit)}`
}

const STEP = 500
const LOOKS = 3

/**
 * Gives by key each edit's job, or the error that kept this one from starting: a job that was judged or is under way is
 * used again, one that came to nothing is made anew. Throws QuotaExceededError; then none of its own goes on.
 */
export async function startRewardJobs(db: Db, order: RewardEdits): Promise<Map<string, string | DomainError>> {
  const wanted = new Map(order.edits.map(edit => [toRewardKey(edit), edit]))
  const found = new Map<string, string | DomainError>()
  const started: string[] = []
  // A rival that asks for the same at this moment may start one between the look and the start.
  for (let look = 1; look <= LOOKS && found.size < wanted.size; look++) {
    const missing = () => [...wanted].filter(([key]) => !found.has(key))
    const keys = missing().map(([key]) => key)
    for (const { key, id } of await adoptJobs(db, order, keys)) found.set(key, id)
    const fresh = missing()
    try {
      for (let at = 0; at < fresh.length; at += STEP) {
        const step = fresh.slice(at, at + STEP)
        const outcomes = await startJobs(
          db,
          order,
          step.map(([key, edit]) => toJob(key, edit, order)),
        )
        outcomes.forEach((outcome, i) => {
          const isLost = outcome instanceof IdempotencyConflictError && look < LOOKS
          if (!isLost) found.set(step[i]?.[0] ?? '', outcome)
          if (typeof outcome === 'string') started.push(outcome)
        })
      }
    } catch (error) {
      await cancelEach(db, order.tenantId, started).catch(() => {}) // their deadline ends them too
      throw error
    }
  }
  return found
}

// In the order of their ids, so that two batches which share jobs never wait for each other in a circle.
async function adoptJobs(
  db: Db,
  { tenantId, secondsLeft }: RewardEdits,
  keys: readonly string[],
): Promise<{ key: string; id: string }[]> {
  const { rows } = await db.query<{ key: string; id: string }>(sql`
    with found as materialized (
      select id, idempotency_key as key, case status
          when 'SUCCEEDED' then not exists (
            select from round join critique on critique.round_id = round.id
            where round.job_id = job.id and critique.source = 'THINKER' and critique.overall is not null)
          when 'FAILED' then true
          when 'CANCELED' then true
          else stopping_for is not null or coalesce(deadline_at <= clock_timestamp(), false)
        end as is_useless, status in ('QUEUED', 'RUNNING') as is_open
      from job
      where tenant_id = ${tenantId}::uuid and idempotency_key = any(${[...keys]}::text[])
      order by id for update
    ), released as (
      update job set idempotency_key = null from found where job.id = found.id and found.is_useless
    ), prolonged as (
      update job set deadline_at = greatest(deadline_at, clock_timestamp() + ${secondsLeft}::float8 * interval '1 second')
      from found where job.id = found.id and found.is_open and not found.is_useless
    )
    select key, id from found where not is_useless`)
  return rows
}

function toJob(key: string, edit: RewardEdit, { batch, secondsLeft }: RewardEdits): NewJob {
  return {
    kind: 'EDIT',
    sourceId: edit.sourceId,
    maskId: null,
    size: null,
    instruction: edit.instruction,
    firstPrompt: edit.prompt,
    editor: edit.editor,
    thinker: edit.judge,
    settings: {
      ...defaultSettings,
      maxRounds: 1,
      // Whatever the scores are they are all that is asked for: a judge need not refine anything.
      stop: { ...defaultSettings.stop, semanticAtLeast: 0, qualityAtLeast: 0, deadlineSeconds: Math.ceil(secondsLeft) },
      seed: edit.seed,
      fallbackEditors: [],
      resubmitUncertain: false,
      editorParameters: edit.editorParameters,
    },
    referenceIds: [],
    priority: 0,
    batch,
    tags: ['reward'],
    metadata: null,
    idempotencyKey: key,
  }
}
