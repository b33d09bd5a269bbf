import { createHash, randomInt } from 'node:crypto'
import { v7 } from 'uuid'
import type { Tx } from '../db.ts'
import { type DomainError, IdempotencyConflictError } from '../errors.ts'
import { appendEventsOfJobs } from '../events/append-event.ts'
import { decideStart } from '../loop/decide.ts'
import type { LoopStart } from '../loop/round.ts'
import { maxSeed } from '../loop/seed.ts'
import { sql } from '../sql.ts'
import type { JobKind, JobSettings, Size } from './job-row.ts'
import { toState } from './load-state.ts'
import { type Plan, planWrites, writePlan } from './plan-writes.ts'

/**
 * A job whose input has been checked: models are resolved, images are the tenant's and those of its kind. `size`: of a
 * GENERATE job, null: the model's own.
 */
export type CheckedJob = {
  kind: JobKind
  sourceId: string | null
  maskId: string | null
  size: Size | null
  instruction: string
  editor: string
  thinker: string | null
  settings: JobSettings
  referenceIds: string[]
  priority: number
  batch: string | null
  tags: string[]
  metadata: unknown
  idempotencyKey: string | null
  /** SHA-256 of the caller's input: the same key with another one is a conflict. */
  inputHash: string
  /** Where the first round has a prompt of its own. `forkedFromId`: the round it was forked from, null: none. */
  fork: { forkedFromId: string | null; start: LoopStart; baseImageId: string | null } | null
}

type JobRecord = CheckedJob & { id: string; baseSeed: number }

/**
 * Writes new jobs with their first rounds, tasks and events. Gives each job's id in order: an idempotency key that is
 * taken gives the job that has it, or IdempotencyConflictError where its input was another.
 */
export async function insertJobs(
  tx: Tx,
  tenantId: string,
  jobs: readonly CheckedJob[],
): Promise<(string | DomainError)[]> {
  const records = jobs.map(
    (job): JobRecord => ({ ...job, id: v7(), baseSeed: job.settings.seed ?? randomInt(maxSeed) }),
  )
  const inserted = await insertRows(tx, tenantId, records)
  const fresh = records.filter(record => inserted.has(record.id))
  await insertReferences(tx, fresh)
  const plans = fresh.map(record => planStart(tenantId, record))
  await writePlan(tx, { rounds: plans.flatMap(plan => plan.rounds), tasks: plans.flatMap(plan => plan.tasks) })
  if (fresh.length > 0) {
    await appendEventsOfJobs(
      tx,
      fresh.map(({ id }) => ({ jobId: id, events: [{ type: 'JOB_QUEUED' }] })),
    )
  }
  const repeated = records.filter(record => !inserted.has(record.id))
  const known = await findByKey(tx, tenantId, repeated)
  return records.map(({ id, idempotencyKey, inputHash }) => {
    if (inserted.has(id)) return id
    const job = known.get(idempotencyKey ?? '')
    return job?.inputHash === inputHash ? job.id : new IdempotencyConflictError(idempotencyKey ?? '')
  })
}

/** A fingerprint of an input: equal for equal values whatever the order of their keys. */
export function hashInput(input: unknown): string {
  return createHash('sha256').update(JSON.stringify(input, sortKeys)).digest('hex')
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

// In the order of their keys: a batch waits for a rival that has just written the same key, and must not in a circle.
async function insertRows(tx: Tx, tenantId: string, records: readonly JobRecord[]): Promise<Set<string>> {
  const rows = records.map(({ fork, referenceIds: _, size, ...record }) => ({
    ...record,
    wantedWidth: size?.width ?? null,
    wantedHeight: size?.height ?? null,
    forkedFromId: fork?.forkedFromId ?? null,
    deadlineSeconds: record.settings.stop.deadlineSeconds,
  }))
  const { rows: inserted } = await tx.query<{ id: string }>(sql`
    insert into job (id, tenant_id, kind, instruction, source_id, mask_id, wanted_width, wanted_height, editor, thinker,
      settings, base_seed, forked_from_id, priority, batch, tags, metadata, idempotency_key, input_hash, deadline_at)
    select "id", ${tenantId}::uuid, "kind"::job_kind, "instruction", "sourceId", "maskId", "wantedWidth",
      "wantedHeight", "editor", "thinker", "settings", "baseSeed", "forkedFromId", "priority", "batch", "tags",
      "metadata", "idempotencyKey", "inputHash",
      clock_timestamp() + "deadlineSeconds" * interval '1 second'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as j(
      "id" uuid, "kind" text, "instruction" text, "sourceId" uuid, "maskId" uuid, "wantedWidth" int,
      "wantedHeight" int, "editor" text, "thinker" text, "settings" jsonb,
      "baseSeed" int, "forkedFromId" uuid, "priority" smallint, "batch" text, "tags" text[], "metadata" jsonb,
      "idempotencyKey" text, "inputHash" text, "deadlineSeconds" float8)
    order by "idempotencyKey", "id"
    on conflict (tenant_id, idempotency_key) do nothing
    returning id`)
  return new Set(inserted.map(row => row.id))
}

async function insertReferences(tx: Tx, records: readonly JobRecord[]): Promise<void> {
  const rows = records.flatMap(({ id, referenceIds }) =>
    referenceIds.map((imageId, position) => ({ jobId: id, position, imageId })),
  )
  if (rows.length === 0) return
  await tx.query(sql`
    insert into job_reference (job_id, position, image_id)
    select "jobId", "position", "imageId"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r("jobId" uuid, "position" int, "imageId" uuid)`)
}

function planStart(tenantId: string, record: JobRecord): Plan {
  const state = toState({ ...record, runEditorSeconds: 0, runThinkerTokens: 0, isPastDeadline: false }, [])
  const decision = decideStart({ ...state, start: record.fork?.start ?? null })
  if (decision.type === 'wait' || decision.type === 'finish') throw new Error('A new job had nothing to start with.')
  return planWrites(
    { job: { ...record, tenantId, run: 1 }, isFirst: true, imageOf: () => record.fork?.baseImageId ?? null },
    decision,
  )
}

type KnownJob = { id: string; inputHash: string }

async function findByKey(tx: Tx, tenantId: string, records: readonly JobRecord[]): Promise<Map<string, KnownJob>> {
  const keys = records.flatMap(({ idempotencyKey }) => (idempotencyKey === null ? [] : [idempotencyKey]))
  if (keys.length === 0) return new Map()
  const { rows } = await tx.query<KnownJob & { idempotencyKey: string }>(sql`
    select id, input_hash as "inputHash", idempotency_key as "idempotencyKey" from job
    where tenant_id = ${tenantId}::uuid and idempotency_key = any(${keys}::text[])`)
  return new Map(rows.map(row => [row.idempotencyKey, row]))
}
