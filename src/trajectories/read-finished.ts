import type { Queryable } from '../db.ts'
import { type EventPosition, encodeEventCursor, NIL_JOB } from '../events/event-cursor.ts'
import { sql } from '../sql.ts'
import { isAfter, type TrajectoryFilter, toCondition } from './trajectory-filter.ts'

/** A trajectory in the order in which a tenant's runs ended; `cursor` resumes after it. `seq`: of its JOB_FINISHED. */
export type FinishedTrajectory = {
  readonly cursor: string
  readonly position: EventPosition
  readonly jobId: string
  readonly seq: number
}

/** A piece of that order, with those in it that match. */
export type FinishedChunk = {
  readonly items: FinishedTrajectory[]
  /** How far was looked: nothing that matches will ever come between the last item and here. */
  readonly reached: EventPosition
  /** There is more to look at beyond. */
  readonly hasMore: boolean
  /** The end of what this database has ever given out: a position beyond it comes from elsewhere. */
  readonly end: EventPosition
}

type Place = { epoch: number; xid: string; jobId: string; seq: number }
type Row = {
  epochNow: number
  xmin: string
  xmax: string
  looked: number
  last: Place | null
  found: Place[]
}

/**
 * Looks at the next `limit` of the tenant's trajectories after `after`, however few match, and no further than where no
 * open transaction can still come before (see readTenantEvents). Must run outside a writing transaction.
 */
export async function readFinished(
  db: Queryable,
  {
    tenantId,
    filter,
    after,
    limit,
  }: { tenantId: string; filter: TrajectoryFilter; after: EventPosition; limit: number },
): Promise<FinishedChunk> {
  const place = sql`json_build_object('epoch', t.epoch, 'xid', t.xid::text, 'jobId', t.job_id, 'seq', t.seq)`
  const order = sql`t.epoch, t.xid, t.job_id`
  const { text, values } = sql`
    with now as (
      select l.epoch, pg_snapshot_xmin(s) as xmin, pg_snapshot_xmax(s) as xmax
      from event_log l, pg_current_snapshot() s
    ), looked as (
      select t.* from trajectory t, now
      where t.tenant_id = ${tenantId}::uuid and ${isAfter(after)} and (t.epoch < now.epoch or t.xid < now.xmin)
      order by ${order} limit ${limit}::int
    )
    select now.epoch as "epochNow", now.xmin, now.xmax, (select count(*)::int from looked) as looked,
      (select ${place} from looked t order by t.epoch desc, t.xid desc, t.job_id desc limit 1) as last,
      (select coalesce(json_agg(${place} order by ${order}), '[]') from looked t
        where ${toCondition(filter)}) as found
    from now`
  // As text, without a name: filters come in any number of forms, and a name would keep each form for good.
  const { rows } = await db.query<Row>(text, values)
  const [row] = rows
  if (!row) throw new Error('The table event_log has lost its row.')
  const { epochNow, xmin, xmax, looked, last, found } = row
  const hasMore = looked === limit
  return {
    items: found.map(toItem),
    reached: hasMore && last ? toPosition(last) : { epoch: epochNow, xid: BigInt(xmin), jobId: NIL_JOB, seq: 0 },
    hasMore,
    end: { epoch: epochNow, xid: BigInt(xmax), jobId: NIL_JOB, seq: 0 },
  }
}

function toPosition({ epoch, xid, jobId, seq }: Place): EventPosition {
  return { epoch, xid: BigInt(xid), jobId, seq }
}

function toItem(place: Place): FinishedTrajectory {
  const position = toPosition(place)
  return { position, cursor: encodeEventCursor(position), jobId: place.jobId, seq: place.seq }
}
