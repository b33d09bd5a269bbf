// `pentimento-trajectories`, version 1: a whole trajectory as one line of JSON, to be read by anybody and to be imported
// again. It names pictures by their content and rounds by index and candidate, never by an id of this server, so that what
// is imported and exported again gives the same bytes. Postgres writes it: the keys are in the order of the columns below,
// numbers in their shortest form, times in UTC.

import type { Db } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { isBefore, isEventBefore } from './trajectory-filter.ts'

/** What every line says it is; a reader refuses another format. */
export const RECORD_FORMAT = 'pentimento-trajectories'
/** The version that every line has; a reader refuses one above that it knows. */
export const RECORD_VERSION = 1

/** One line, and where in the dataset's version it stands. */
export type TrajectoryLine = { position: number; json: string }

/** Which lines: of one split of a version, from one position to another, both included; as things were at `asOf`. */
export type RecordPage = { versionId: string; split: string; from: number; to: number; asOf: EventPosition }

/**
 * The lines of a version in the order of position; trajectories that are no more what they were are missing. The same page
 * always gives the same bytes.
 */
export async function readTrajectoryRecords(db: Db, page: RecordPage): Promise<TrajectoryLine[]> {
  return await db.transaction(async tx => {
    await tx.query(settleJson)
    const { rows } = await tx.query<TrajectoryLine>(sql`
      select s.position, ${recordOf(page.asOf)}::text as json
      from dataset_sample s
      join trajectory t on t.job_id = s.job_id and ${isBefore(page.asOf)}
      join job j on j.id = s.job_id
      where s.version_id = ${page.versionId}::uuid and s.split = ${page.split}
        and s.position between ${page.from}::int and ${page.to}::int
      order by s.position`)
    return rows
  })
}

/**
 * For the transaction that reads JSON, before it does: times in it have the session's offset, and a page is not worth
 * compiling its statement for, though it looks so.
 */
export const settleJson: SqlStatement = sql`select set_config('timezone', 'UTC', true), set_config('jit', 'off', true)`

/** A picture as JSON, null where the id is. */
type PictureSql = (id: SqlStatement) => SqlStatement

/** The record of `job j` as JSON; times are in the session's time zone. `picture`: what of a picture it tells. */
export function recordOf(asOf: EventPosition, picture: PictureSql = pictureById): SqlStatement {
  return sql`row_to_json((select record from (select
    ${RECORD_FORMAT}::text as format, ${RECORD_VERSION}::int as version,
    j.kind, j.status, j.stop_reason as "stopReason", j.instruction, j.editor, j.thinker, j.settings,
    j.base_seed as "baseSeed", j.priority, j.run,
    j.wanted_width as "wantedWidthPx", j.wanted_height as "wantedHeightPx", j.batch, j.tags, j.metadata,
    ${picture(sql`j.source_id`)} as source, ${picture(sql`j.mask_id`)} as mask,
    ${referencesOf(picture)} as "references",
    (select array[b.index, b.candidate] from round b where b.id = j.best_round_id) as best,
    case when j.error_code is not null then ${errorOf(sql`j`)} end as error,
    j.editor_seconds as "editorSeconds", j.thinker_tokens as "thinkerTokens",
    j.run_editor_seconds as "runEditorSeconds", j.run_thinker_tokens as "runThinkerTokens",
    j.created_at as "createdAt", j.started_at as "startedAt", j.finished_at as "finishedAt",
    ${roundsOf(asOf, picture)} as rounds
  ) as record))`
}

/**
 * A round names its parent as [index, candidate] of the same job, so a fork's first round has none; `base`: what was edited,
 * null: the source.
 */
function roundsOf(asOf: EventPosition, picture: PictureSql): SqlStatement {
  return sql`array_to_json(array(
    select row_to_json(made) from (
      select r.index, r.candidate,
        case when r.parent_id is not null then (
          select array[p.index, p.candidate] from round p where p.id = r.parent_id and p.job_id = r.job_id) end as parent,
        r.status, r.editor, r.prompt, r.prompt_source as "promptSource", r.seed,
        ${picture(sql`r.base_image_id`)} as base, ${picture(sql`r.image_id`)} as picture,
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

function referencesOf(picture: PictureSql): SqlStatement {
  return sql`array_to_json(array(
    select ${picture(sql`f.image_id`)} from job_reference f where f.job_id = j.id order by f.position))`
}

/** `path`: see picturePath. */
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
