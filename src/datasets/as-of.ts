import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'

/** Whether the log had an event `e` of this kind at that place: what it tells of had been written by then. */
export function isAnyBefore({ epoch, xid, jobId, seq }: EventPosition, which: SqlStatement): SqlStatement {
  return sql`exists (
    select from job_event e where ${which}
      and (e.epoch, e.xid, e.job_id, e.seq) <= (${epoch}::int, ${String(xid)}::xid8, ${jobId}::uuid, ${seq}::int))`
}
