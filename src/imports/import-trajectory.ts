// A trajectory from elsewhere becomes a job that has ended: its row, rounds, critiques and log are written together, and
// the log makes it a trajectory here. Models that this server does not know stay what they were called.

import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import { IdempotencyConflictError, InvalidInputError, NotFoundError } from '../errors.ts'
import { appendEventsOfJobs } from '../events/append-event.ts'
import { hashInput } from '../jobs/insert-jobs.ts'
import type { Size } from '../jobs/job-row.ts'
import { sql } from '../sql.ts'
import { type IdentifiedRound, toImportEvents } from './import-events.ts'
import type { ImportedPlace, ImportedTrajectory } from './imported-trajectory.ts'

/** One to import. `batch` and `tags` are put upon it here and are no part of what it is told apart by. */
export type TrajectoryImport = {
  tenantId: string
  trajectory: ImportedTrajectory
  /** Null: as the trajectory says. */
  batch: string | null
  tags: readonly string[]
  /** Where the trajectory stands in the caller's input, with a dot at its end: errors name fields below it. */
  at: string
}

/** The job it is. `isNew` false: the same content was imported before, and nothing was changed. */
export type ImportOutcome = { jobId: string; isNew: boolean }

/** What every imported job's input hash begins with: such a job was never started here, so no quota of jobs counts it. */
export const IMPORT_PREFIX = 'import:'

/**
 * Imports one trajectory in one small transaction. Throws NotFoundError for a picture that the tenant has not stored,
 * InvalidInputError for a mask that is not as large as its source.
 */
export async function importTrajectory(db: Db, item: TrajectoryImport): Promise<ImportOutcome> {
  const { tenantId, trajectory } = item
  const key = `${IMPORT_PREFIX}${hashInput(trajectory)}`
  return await db.transaction(async tx => {
    const imageIds = await holdPictures(tx, item)
    const jobId = v7()
    const rounds = trajectory.rounds.map(
      (round): IdentifiedRound => ({ id: v7(), critiqueIds: round.critiques.map(() => v7()) }),
    )
    const isNew = await insertTrajectory(tx, { item, key, jobId, rounds, imageIds })
    if (!isNew) return { jobId: await loadKnown(tx, tenantId, key), isNew }
    await appendEventsOfJobs(tx, [{ jobId, events: toImportEvents(trajectory, rounds) }])
    return { jobId, isNew }
  })
}

type Picture = Size & { id: string; sha256: string }

/**
 * The ids of its pictures by SHA-256. The lock keeps them from being deleted before the job that needs them is there; from
 * then on the sweeper spares them.
 */
async function holdPictures(tx: Tx, { tenantId, trajectory, at }: TrajectoryImport): Promise<Map<string, string>> {
  const named = namePictures(trajectory)
  const hashes = [...new Set(named.map(([, sha256]) => sha256))]
  const { rows } = await tx.query<Picture>(sql`
    select id, sha256, width, height from image
    where tenant_id = ${tenantId}::uuid and sha256 = any(${hashes}::text[]) and status = 'READY'
    order by id for key share`)
  const known = new Map(rows.map(picture => [picture.sha256, picture]))
  const missing = named.find(([, sha256]) => !known.has(sha256))
  if (missing) throw new NotFoundError(`${at}${missing[0]}`, 'image')
  const [source, mask] = [known.get(trajectory.source ?? ''), known.get(trajectory.mask ?? '')]
  if (source && mask && (source.width !== mask.width || source.height !== mask.height)) {
    throw new InvalidInputError(`${at}mask`, `${at}mask must be as large as the source.`)
  }
  return new Map(rows.map(({ id, sha256 }) => [sha256, id]))
}

/** Every picture with the path of its field. */
function namePictures({ source, mask, references, rounds }: ImportedTrajectory): [field: string, sha256: string][] {
  const named: [string, string | null][] = [
    ['source', source],
    ['mask', mask],
    ...references.map((sha256, i): [string, string] => [`references.${i}`, sha256]),
    ...rounds.flatMap(({ base, picture }, i): [string, string | null][] => [
      [`rounds.${i}.base`, base],
      [`rounds.${i}.picture`, picture],
    ]),
  ]
  return named.filter((pair): pair is [string, string] => pair[1] !== null)
}

type Writing = {
  item: TrajectoryImport
  key: string
  jobId: string
  rounds: readonly IdentifiedRound[]
  imageIds: ReadonlyMap<string, string>
}

/**
 * False: there is a job of this key, and nothing was written. In one statement, because a job and its best round name each
 * other, which is checked at a statement's end.
 */
async function insertTrajectory(tx: Tx, { item, key, jobId, rounds: ids, imageIds }: Writing): Promise<boolean> {
  const { tenantId, trajectory, batch, tags } = item
  const { rounds, references, error, best, ...job } = trajectory
  const imageOf = (sha256: string | null) => (sha256 === null ? null : imageIds.get(sha256))
  const roundAt = (place: ImportedPlace | null) => (place === null ? null : ids[indexOf(trajectory, place)]?.id)
  const jobRow = {
    ...{ ...job, id: jobId, key, sourceId: imageOf(job.source), maskId: imageOf(job.mask), bestRoundId: roundAt(best) },
    ...{ errorCode: error?.code, errorMessage: error?.message, errorIsRetryable: error?.isRetryable },
    ...{ batch: batch ?? job.batch, tags: [...new Set([...job.tags, ...tags])] },
  }
  const roundRows = rounds.map(({ critiques: _, base, picture, parent, error, ...round }, i) => ({
    ...{ ...round, id: ids[i]?.id, parentId: roundAt(parent), baseImageId: imageOf(base), imageId: imageOf(picture) },
    ...{ errorCode: error?.code, errorMessage: error?.message, errorIsRetryable: error?.isRetryable },
  }))
  const critiqueRows = rounds.flatMap(({ critiques }, i) =>
    critiques.map((critique, j) => ({ ...critique, id: ids[i]?.critiqueIds[j], roundId: ids[i]?.id })),
  )
  const { rowCount } = await tx.query(sql`
    with made as (
      insert into job (id, tenant_id, kind, status, stop_reason, instruction, source_id, mask_id, wanted_width,
        wanted_height, editor, thinker, settings, base_seed, priority, run, batch, tags, metadata, idempotency_key,
        input_hash, best_round_id, error_code, error_message, error_is_retryable, editor_seconds, thinker_tokens,
        run_editor_seconds, run_thinker_tokens, created_at, started_at, finished_at)
      select "id", ${tenantId}::uuid, "kind"::job_kind, "status"::job_status, "stopReason"::stop_reason, "instruction",
        "sourceId", "maskId", "wantedWidthPx", "wantedHeightPx", "editor", "thinker", "settings", "baseSeed", "priority",
        "run", "batch", "tags", "metadata", "key", "key", "bestRoundId", "errorCode", "errorMessage",
        "errorIsRetryable", "editorSeconds", "thinkerTokens", "runEditorSeconds", "runThinkerTokens",
        coalesce("createdAt", now()), "startedAt", coalesce("finishedAt", now())
      from jsonb_to_record(${JSON.stringify(jobRow)}::jsonb) as j(
        "id" uuid, "kind" text, "status" text, "stopReason" text, "instruction" text, "sourceId" uuid, "maskId" uuid,
        "wantedWidthPx" int, "wantedHeightPx" int, "editor" text, "thinker" text, "settings" jsonb, "baseSeed" int,
        "priority" smallint, "run" int, "batch" text, "tags" text[], "metadata" jsonb, "key" text, "bestRoundId" uuid,
        "errorCode" text, "errorMessage" text, "errorIsRetryable" boolean, "editorSeconds" float8, "thinkerTokens" int,
        "runEditorSeconds" float8, "runThinkerTokens" int, "createdAt" timestamptz, "startedAt" timestamptz,
        "finishedAt" timestamptz)
      on conflict (tenant_id, idempotency_key) do nothing
      returning id
    ), referred as (
      insert into job_reference (job_id, position, image_id)
      select made.id, position - 1, image_id
      from made cross join unnest(${references.map(imageOf)}::uuid[]) with ordinality as r(image_id, position)
    ), edited as (
      insert into round (id, job_id, index, candidate, parent_id, status, editor, prompt, prompt_source, seed,
        base_image_id, image_id, is_satisfied, editor_seconds, error_code, error_message, error_is_retryable, created_at,
        started_at, edited_at)
      select r."id", made.id, "index", "candidate", "parentId", "status"::round_status, "editor", "prompt",
        "promptSource"::prompt_source, "seed", "baseImageId", "imageId", "isSatisfied", "editorSeconds", "errorCode",
        "errorMessage", "errorIsRetryable", coalesce("createdAt", now()), "startedAt", "editedAt"
      from made cross join jsonb_to_recordset(${JSON.stringify(roundRows)}::jsonb) as r(
        "id" uuid, "index" int, "candidate" int, "parentId" uuid, "status" text, "editor" text, "prompt" text,
        "promptSource" text, "seed" int, "baseImageId" uuid, "imageId" uuid, "isSatisfied" boolean,
        "editorSeconds" float8, "errorCode" text, "errorMessage" text, "errorIsRetryable" boolean,
        "createdAt" timestamptz, "startedAt" timestamptz, "editedAt" timestamptz)
    ), judged as (
      insert into critique (id, round_id, source, by, semantic, quality, overall, is_satisfied, error_code, reasoning,
        refined_prompt, tokens, created_at)
      select c."id", "roundId", "source"::critique_source, "by", "semantic", "quality", "overall", "isSatisfied",
        "errorCode", "reasoning", "refinedPrompt", "tokens", coalesce("createdAt", now())
      from made cross join jsonb_to_recordset(${JSON.stringify(critiqueRows)}::jsonb) as c(
        "id" uuid, "roundId" uuid, "source" text, "by" text, "semantic" float8, "quality" float8, "overall" float8,
        "isSatisfied" boolean, "errorCode" text, "reasoning" text, "refinedPrompt" text, "tokens" int,
        "createdAt" timestamptz)
    )
    select from made`)
  return rowCount === 1
}

function indexOf({ rounds }: ImportedTrajectory, { index, candidate }: ImportedPlace): number {
  return rounds.findIndex(round => round.index === index && round.candidate === candidate)
}

async function loadKnown(tx: Tx, tenantId: string, key: string): Promise<string> {
  const { rows } = await tx.query<{ id: string; isImport: boolean }>(sql`
    select id, input_hash = ${key} as "isImport" from job
    where tenant_id = ${tenantId}::uuid and idempotency_key = ${key}`)
  if (rows[0]?.isImport) return rows[0].id
  throw new IdempotencyConflictError(key) // somebody took the key for a job of another kind, or it was deleted just now
}
