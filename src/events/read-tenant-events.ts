import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import { type EventPosition, NIL_JOB } from './event-cursor.ts'
import { type EventRow, eventColumns, type LoggedEvent, toLoggedEvent } from './job-event.ts'

/** An event and its place among all of its tenant's. */
export type PlacedEvent = { readonly event: LoggedEvent; readonly position: EventPosition }

/** A piece of a tenant's log, in its final order. */
export type TenantLog = {
  readonly events: PlacedEvent[]
  /** Every event before it can be read by now and no new one will ever sort before it. */
  readonly safe: EventPosition
  /** The end of what this database has ever given out: a position beyond it comes from elsewhere. */
  readonly end: EventPosition
  /** Committed events lie beyond `safe`, held back by a transaction that is older and still open. */
  readonly hasUnsafe: boolean
}

type NowRow = { epochNow: number; xmin: string; xmax: string }
type PlacedRow = EventRow & { epoch: number; xid: string; isSafe: boolean }
type JoinedRow = NowRow & (PlacedRow | { seq: null })

/**
 * The first `limit` events of the tenant after `after`. Transactions commit out of order, so only those are read that
 * no open transaction can still come before: xid below the snapshot's xmin. Must run outside a writing transaction.
 */
export async function readTenantEvents(
  db: Queryable,
  tenantId: string,
  after: EventPosition,
  limit: number,
): Promise<TenantLog> {
  const { rows } = await db.query<JoinedRow>(sql`
    select now.epoch as "epochNow", now.xmin, now.xmax, ${eventColumns}, e.epoch, e.xid,
      e.epoch < now.epoch or e.xid < now.xmin as "isSafe"
    from (
      select l.epoch, pg_snapshot_xmin(s) as xmin, pg_snapshot_xmax(s) as xmax
      from event_log l, pg_current_snapshot() s
    ) now
    left join lateral (
      select * from job_event
      where tenant_id = ${tenantId}::uuid
        and (epoch, xid, job_id, seq)
          > (${after.epoch}::int4, ${String(after.xid)}::xid8, ${after.jobId}::uuid, ${after.seq}::int4)
      order by epoch, xid, job_id, seq
      limit ${limit}::int4
    ) e on true
    order by e.epoch, e.xid, e.job_id, e.seq`)
  const [now] = rows
  if (!now) throw new Error('The table event_log has lost its row.')
  const events: PlacedEvent[] = []
  let hasUnsafe = false
  for (const row of rows) {
    if (row.seq === null) continue
    if (!row.isSafe) {
      hasUnsafe = true
      break
    }
    const position = { epoch: row.epoch, xid: BigInt(row.xid), jobId: row.jobId, seq: row.seq }
    events.push({ event: toLoggedEvent(row), position })
  }
  return { events, hasUnsafe, safe: toStart(now.epochNow, now.xmin), end: toStart(now.epochNow, now.xmax) }
}

/** Where a reader stands that has read all there is: nothing will sort before it any more. */
export async function readSafePosition(db: Queryable): Promise<{ safe: EventPosition; end: EventPosition }> {
  const { rows } = await db.query<NowRow>(sql`
    select l.epoch as "epochNow", pg_snapshot_xmin(s) as xmin, pg_snapshot_xmax(s) as xmax
    from event_log l, pg_current_snapshot() s`)
  const [now] = rows
  if (!now) throw new Error('The table event_log has lost its row.')
  return { safe: toStart(now.epochNow, now.xmin), end: toStart(now.epochNow, now.xmax) }
}

function toStart(epoch: number, xid: string): EventPosition {
  return { epoch, xid: BigInt(xid), jobId: NIL_JOB, seq: 0 }
}
