import type { EventPosition } from '../events/event-cursor.ts'
import type { JobKind } from '../jobs/job-row.ts'
import { type SqlStatement, sql } from '../sql.ts'

/** Bounds of a number; those that are given must all hold. */
type NumberRange = { gte?: number; gt?: number; lte?: number; lt?: number }

/** What of a trajectory can be bounded: see the Trajectory of the API. */
export type TrajectoryNumber =
  | 'rounds'
  | 'firstOverall'
  | 'bestOverall'
  | 'lastOverall'
  | 'gain'
  | 'variance'
  | 'bestIndex'
  | 'seconds'
  | 'editorSeconds'
  | 'thinkerTokens'
  | 'agreement'

/**
 * Which trajectories: a checked value that is plain JSON, so that a dataset's version can keep it. Fields that are given
 * must all hold; a list holds where any of its members does, but for `tags`, which must all be there. Times are ISO 8601.
 */
export type TrajectoryFilter = { [Name in TrajectoryNumber]?: NumberRange } & {
  and?: TrajectoryFilter[]
  or?: TrajectoryFilter[]
  /** What does not hold, or cannot be said: no gain is no gain of 2. */
  not?: TrajectoryFilter
  status?: ('SUCCEEDED' | 'FAILED' | 'CANCELED')[]
  stopReason?: string[]
  kind?: JobKind[]
  editor?: string[]
  thinker?: string[]
  batch?: string[]
  tags?: string[]
  /** A key of the job's metadata: that it is there, or that it equals (an object: contains) a value. */
  metadata?: { key: string; equals?: unknown; exists?: boolean }[]
  /** Words of the instruction, in the form of a web search: storm -rain "red car" or blue. */
  instruction?: string
  sourceSha256?: string[]
  createdAfter?: string
  createdBefore?: string
  finishedAfter?: string
  finishedBefore?: string
  hasHumanCritique?: boolean
}

/**
 * The filter as a condition over `trajectory t`; the tenant is added by whoever reads. `asOf`: feedback that came later
 * counts as not given (which trajectories were there by then is the reader's to ask: see `isBefore`).
 */
export function toCondition(filter: TrajectoryFilter, asOf: EventPosition | null = null): SqlStatement {
  const parts = [
    ...toNumberConditions(filter, asOf),
    ...toWordConditions(filter),
    ...toTimeConditions(filter),
    ...(filter.hasHumanCritique === undefined ? [] : [toHumanCondition(filter.hasHumanCritique, asOf)]),
    ...(filter.and ?? []).map(inner => toCondition(inner, asOf)),
    ...(filter.or
      ? [
          joined(
            filter.or.map(inner => toCondition(inner, asOf)),
            'or',
          ),
        ]
      : []),
    ...(filter.not ? [sql`(${toCondition(filter.not, asOf)}) is not true`] : []),
  ]
  return joined(parts, 'and')
}

/** Whether `trajectory t` had ended at that place of the tenant's log. */
export function isBefore(place: EventPosition): SqlStatement {
  return sql`${placeOf(sql`t`)} <= ${placeAt(place)}`
}

/** Whether it ended after it. */
export function isAfter(place: EventPosition): SqlStatement {
  return sql`${placeOf(sql`t`)} > ${placeAt(place)}`
}

/** Whether `job_event e` had been written at that place. */
export function isEventBefore(place: EventPosition): SqlStatement {
  return sql`${placeOf(sql`e`)} <= ${placeAt(place)}`
}

// As row values in the order of their index, so that it serves the comparison.
function placeOf(row: SqlStatement): SqlStatement {
  return sql`(${row}.epoch, ${row}.xid, ${row}.job_id, ${row}.seq)`
}

function placeAt({ epoch, xid, jobId, seq }: EventPosition): SqlStatement {
  return sql`(${epoch}::int, ${String(xid)}::xid8, ${jobId}::uuid, ${seq}::int)`
}

function joined(conditions: readonly SqlStatement[], by: 'and' | 'or'): SqlStatement {
  if (conditions.length === 0) return by === 'and' ? sql`true` : sql`false`
  const all = conditions.reduce((list, next) => (by === 'and' ? sql`${list} and ${next}` : sql`${list} or ${next}`))
  return sql`(${all})`
}

/** The columns of the numbers, over `trajectory t`. */
export const numberColumns: Readonly<Record<TrajectoryNumber, SqlStatement>> = {
  rounds: sql`t.rounds`,
  firstOverall: sql`t.first_overall`,
  bestOverall: sql`t.best_overall`,
  lastOverall: sql`t.last_overall`,
  gain: sql`t.gain`,
  variance: sql`t.variance`,
  bestIndex: sql`t.best_index`,
  seconds: sql`t.seconds`,
  editorSeconds: sql`t.editor_seconds`,
  thinkerTokens: sql`t.thinker_tokens`,
  agreement: sql`t.agreement`,
}

/** Those that are counted; their bounds are whole numbers too. */
export const wholeNumbers: ReadonlySet<string> = new Set(['rounds', 'bestIndex', 'thinkerTokens'])

function toNumberConditions(filter: TrajectoryFilter, asOf: EventPosition | null): SqlStatement[] {
  return Object.entries(numberColumns).flatMap(([name, stored]) => {
    const range = filter[name as TrajectoryNumber] // the keys of a record over them
    if (range === undefined) return []
    const isPast = name === 'agreement' && asOf !== null
    const column = isPast ? feedbackAt(asOf, sql`agreement`) : stored
    // Of the column's own type, or no index serves it.
    const bound = (value: number) => (wholeNumbers.has(name) ? sql`${value}::int` : sql`${value}::float8`)
    return [
      ...(isPast && Object.keys(range).length > 0 ? [sql`t.agreement is not null`] : []),
      ...(range.gte === undefined ? [] : [sql`${column} >= ${bound(range.gte)}`]),
      ...(range.gt === undefined ? [] : [sql`${column} > ${bound(range.gt)}`]),
      ...(range.lte === undefined ? [] : [sql`${column} <= ${bound(range.lte)}`]),
      ...(range.lt === undefined ? [] : [sql`${column} < ${bound(range.lt)}`]),
    ]
  })
}

function toWordConditions(filter: TrajectoryFilter): SqlStatement[] {
  const { status, stopReason, kind, editor, thinker, batch, tags, metadata, instruction, sourceSha256 } = filter
  return [
    ...(status ? [sql`t.status = any(${status}::job_status[])`] : []),
    ...(stopReason ? [sql`t.stop_reason = any(${stopReason}::stop_reason[])`] : []),
    ...(kind ? [sql`t.kind = any(${kind}::job_kind[])`] : []),
    ...(editor ? [sql`t.editor = any(${editor}::text[])`] : []),
    ...(thinker ? [sql`t.thinker = any(${thinker}::text[])`] : []),
    ...(batch ? [sql`t.batch = any(${batch}::text[])`] : []),
    ...(tags ? [sql`t.tags @> ${tags}::text[]`] : []),
    ...(sourceSha256 ? [sql`t.source_sha256 = any(${sourceSha256}::text[])`] : []),
    ...(metadata ?? []).flatMap(({ key, equals, exists }) => [
      ...(equals === undefined ? [] : [sql`t.metadata @> ${JSON.stringify({ [key]: equals })}::jsonb`]),
      ...(exists === true ? [sql`t.metadata ? ${key}::text`] : []),
      ...(exists === false ? [sql`(t.metadata ? ${key}::text) is not true`] : []),
    ]),
    ...(instruction === undefined
      ? []
      : [sql`t.words @@ websearch_to_tsquery('english', ${toSearch(instruction)}::text)`]),
  ]
}

// Of hyphens in a row the last one counts: they are as many negations, and PostgreSQL fails on 32.
function toSearch(instruction: string): string {
  return instruction.replace(/(^|[\s"!&|()<])-[-\s!&|()<]*(?=-)/g, '$1')
}

function toTimeConditions(filter: TrajectoryFilter): SqlStatement[] {
  const { createdAfter, createdBefore, finishedAfter, finishedBefore } = filter
  return [
    ...(createdAfter === undefined ? [] : [sql`t.created_at > ${createdAfter}::timestamptz`]),
    ...(createdBefore === undefined ? [] : [sql`t.created_at < ${createdBefore}::timestamptz`]),
    ...(finishedAfter === undefined ? [] : [sql`t.finished_at > ${finishedAfter}::timestamptz`]),
    ...(finishedBefore === undefined ? [] : [sql`t.finished_at < ${finishedBefore}::timestamptz`]),
  ]
}

// Critiques are only ever added: what has none now had none before. That asks few jobs for their past.
function toHumanCondition(isWanted: boolean, asOf: EventPosition | null): SqlStatement {
  if (asOf === null) return sql`t.has_human_critique = ${isWanted}::boolean`
  const had = sql`(t.has_human_critique and ${feedbackAt(asOf, sql`has_human_critique`)})`
  return isWanted ? had : sql`not ${had}`
}

// Only what critics said since can have changed it; those jobs are few. Within a job the order of its log is the order of
// commits, so its last event up to the place says what it knew then.
function feedbackAt(place: EventPosition, column: SqlStatement): SqlStatement {
  return sql`case
    when t.job_id in (
      select e.job_id from job_event e where e.type = 'CRITIQUE_ADDED' and ${placeOf(sql`e`)} > ${placeAt(place)})
    then (
      select ${column} from critic_feedback(t.job_id, coalesce((
        select max(e.seq) from job_event e where e.job_id = t.job_id and ${isEventBefore(place)}), 0)))
    else t.${column} end`
}
