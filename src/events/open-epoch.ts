import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * Begins a new epoch of the event log where this cluster's transaction ids lie behind stored ones, as after a restore
 * into another cluster: later events must sort after the restored ones. Otherwise changes nothing. Every process that
 * writes events calls it before its first one. True: a new epoch was opened.
 */
export async function openEpoch(db: Db): Promise<boolean> {
  // The index leads with the tenant, so each tenant is asked by one descent instead of reading the whole log.
  const { rowCount } = await db.query(sql`
    update event_log set epoch = epoch + 1
    where id = 1 and exists (
      select from tenant t, lateral (
        select from job_event e
        where e.tenant_id = t.id and e.epoch = event_log.epoch and e.xid >= pg_current_xact_id()
        limit 1
      ) ahead)`)
  return rowCount > 0
}
