// `pentimento-trajectories`, version 1: a whole trajectory as one line of JSON, to be read by anybody and to be imported
// again. It names pictures by their content and rounds by index and candidate, never by an id of this server, so that what
// is imported and exported again gives the same bytes. Postgres writes it: the keys are in the order of the columns below,
// numbers in their shortest form, times in UTC.

import type { Tx } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { isBefore, isEventBefore } from './trajectory-filter.ts'

/** What every line says it is; a reader refuses another format. */
export const RECORD_FORMAT = 'pentimento-trajectories'
/** The version that every line has; a reader refuses one above that it knows. */
export const RECORD_VERSION = 1

/** One line, and the sample that it is the content of. */
export type TrajectoryLine = { position: number; hash: string; split: string; jobId: string; json: string }
/** The same line in UTF-8. */
export type EncodedLine = { position: number; line: Buffer }

/**
 * The lines of `samples` (rows with at least position, hash, split and job_id) in the order of position, as things were at
 * `asOf`; trajectories that are no more what they were are missing. The same samples always give the same bytes. To make a
 * line takes several times as long as all else, so those of trajectories without feedback are kept: whoever changes what a
 * line says empties trajectory_record in a migration.
 */
export async function readTrajectoryRecords(
  tx: Tx,
  samples: SqlStatement,
  asOf: EventPosition,
): Promise<TrajectoryLine[]> {
  await tx.query(settleJson)
  const columns = sql`page.position, page.hash, page.split, page.job_id as "jobId", coalesce(page.json, made.json) as json`
  const { rows } = await tx.query<TrajectoryLine>(linesOf(samples, asOf, columns))
  return rows
}

/** The same lines as bytes, for who only passes them on. */
export async function copyTrajectoryRecords(
  tx: Tx,
  samples: SqlStatement,
  asOf: EventPosition,
): Promise<EncodedLine[]> {
  await tx.query(settleJson)
  const rows = await tx.copy(linesOf(samples, asOf, sql`page.position, coalesce(page.json, made.json)`))
  return rows.flatMap(([position, line]) => (position && line ? { position: position.readInt32BE(), line } : []))
}

// In the order of the job, and past whatever is just changing: so two that keep lines at once never wait in a circle.
function linesOf(samples: SqlStatement, asOf: EventPosition, columns: SqlStatement): SqlStatement {
  return sql`
    with page as materialized (
      select s.position, s.hash, s.split, s.job_id, k.json
      from (${samples}) as s
      join trajectory t on t.job_id = s.job_id and ${isBefore(asOf)}
      left join trajectory_record k on k.job_id = s.job_id and not t.has_feedback
    ), made as materialized (
      select j.id as job_id, ${recordOf(asOf)}::text as json
      from job j where j.id in (select job_id from page where page.json is null)
    ), fresh as (
      select made.job_id, made.json from made join trajectory t on t.job_id = made.job_id
      where not t.has_feedback order by made.job_id for key share of t skip locked
    ), kept as (
      insert into trajectory_record (job_id, json) select job_id, json from fresh on conflict do nothing
    )
    select ${columns} from page left join made on made.job_id = page.job_id
    order by page.position`
}

/**
 * For the transaction that reads JSON, before it does: times in it have the session's offset, and a page is not worth
 * compiling its statement for, though it looks so. A plan that was made while a table was empty must not go through all of
 * it later: there is an index for everything here.
 */
export const settleJson: SqlStatement = sql`
  select set_config('timezone', 'UTC', true), set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true)`

/** The record of `job j` as JSON; times are in the session's time zone. */
function recordOf(asOf: EventPosition): SqlStatement {
  return sql`row_to_json((select record from (select
    ${RECORD_FORMAT}::text as format, ${RECORD_VERSION}::int as version,
    j.kind, j.status, j.stop_reason as "stopReason", j.instruction, j.editor, j.thinker, j.settings,
    j.base_seed as "baseSeed", j.priority, j.run,
    j.wanted_width as "wantedWidthPx", j.wanted_height as "wantedHeightPx", j.batch, j.tags, j.metadata,
    ${pictureById(sql`j.source_id`)} as source, ${pictureById(sql`j.mask_id`)} as mask,
    array_to_json(array(
      select ${pictureById(sql`f.image_id`)} from job_reference f where f.job_id = j.id order by f.position)) as "references",
    (select array[b.index, b.candidate] from round b where b.id = j.best_round_id) as best,
    case when j.error_code is not null then ${errorOf(sql`j`)} end as error,
    j.editor_seconds as "editorSeconds", j.thinker_tokens as "thinkerTokens",
    j.run_editor_seconds as "runEditorSeconds", j.run_thinker_tokens as "runThinkerTokens",
    j.created_at as "createdAt", j.started_at as "startedAt", j.finished_at as "finishedAt",
    ${roundsOf(asOf)} as rounds
  ) as record))`
}

/**
 * A round names its parent as [index, candidate] of the same job, so a fork's first round has none; `base`: what was edited,
 * null: the source.
 */
function roundsOf(asOf: EventPosition): SqlStatement {
  return sql`array_to_json(array(
    select row_to_json(made) from (
      select r.index, r.candidate,
        case when r.parent_id is not null then (
          select array[p.index, p.candidate] from round p where p.id = r.parent_id and p.job_id = r.job_id) end as parent,
        r.status, r.editor, r.prompt, r.prompt_source as "promptSource", r.seed,
        ${pictureById(sql`r.base_image_id`)} as base, ${pictureById(sql`r.image_id`)} as picture,
        r.is_satisfied as "isSatisfied", r.editor_seconds as "editorSeconds",
        case when r.error_code is not null then ${errorOf(sql`r`)} end as error,
        r.created_at as "createdAt", r.started_at as "startedAt", r.edited_at as "editedAt",
        ${critiquesOf(asOf)} as critiques
      from round r where r.job_id = j.id order by r.index, r.candidate
    ) as made))`
}

/** Those of `round r` that the log had seen by then, oldest first. A thinker's own came before its job ended. */
function critiquesOf(asOf: EventPosition): SqlStatement {
  return sql`array_to_json(array(
    select row_to_json(given) from (
      select c.source, c.by, c.semantic, c.quality, c.overall, c.is_satisfied as "isSatisfied",
        c.error_code as "errorCode", c.reasoning, c.refined_prompt as "refinedPrompt", c.tokens,
        c.created_at as "createdAt"
      from critique c
      where c.round_id = r.id and (c.source = 'THINKER' or exists (
        select from job_event e where e.critique_id = c.id and ${isEventBefore(asOf)}))
      order by c.created_at, c.id
    ) as given))`
}

/** A picture as JSON, null where the id is. `path`: see picturePath. */
function pictureById(id: SqlStatement): SqlStatement {
  return sql`case when ${id} is not null then (select row_to_json(picture) from (
    select ${picturePathOf(sql`i`)} as path, i.sha256, i.content_type as "contentType", i.byte_size as "byteSize",
      i.width as "widthPx", i.height as "heightPx"
    from image i where i.id = ${id}) as picture) end`
}

/** The same path as `picturePath` gives. */
function picturePathOf(image: SqlStatement): SqlStatement {
  return sql`'images/' || left(${image}.sha256, 2) || '/' || ${image}.sha256 || case ${image}.content_type
    when 'image/jpeg' then '.jpg' when 'image/webp' then '.webp' else '.png' end`
}

function errorOf(row: SqlStatement): SqlStatement {
  return sql`(select row_to_json(error) from (select ${row}.error_code as code, ${row}.error_message as message,
    ${row}.error_is_retryable as "isRetryable") as error)`
}
