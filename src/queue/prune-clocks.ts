import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

const BATCH = 5_000
const LOCK_MS = 200

/**
 * Deletes the clocks of tenants that have nothing in a queue and are not ahead of its own clock, where they would come
 * back anyway; of a queue in which nobody has anything, all of them. Returns how many. A task that is being queued needs
 * its tenant's clock, so writers are kept out for the moment it takes; where they do not leave in time, nothing is done.
 */
export async function pruneClocks(db: Db): Promise<number> {
  const { rows } = await db.query(sql`${idleClocks} limit 1`)
  if (rows.length === 0) return 0
  return await db.transaction(async tx => {
    await tx.query(`set local lock_timeout = ${LOCK_MS}`)
    await tx.query('lock table tenant_clock in share row exclusive mode')
    const { rowCount } = await tx.query(sql`
      with idle as (${idleClocks} limit ${BATCH}::int)
      delete from tenant_clock c using idle where c.queue = idle.queue and c.tenant_id = idle.tenant_id`)
    return rowCount
  })
}

const idleClocks = sql`
  select c.queue, c.tenant_id
  from tenant_clock c join queue_clock q on q.queue = c.queue
  where not exists (
      select from task t where t.queue = c.queue and t.tenant_id = c.tenant_id and t.state in ('READY', 'DELAYED', 'LEASED'))
    and (c.v <= q.v or not exists (
      select from task t where t.queue = c.queue and t.state in ('READY', 'DELAYED', 'LEASED')))`
