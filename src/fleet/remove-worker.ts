import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { releaseEndpoints } from './acquire-endpoints.ts'

/** Ends a worker's registration: its endpoints are free at once, those that only it could drive are gone. */
export async function removeWorker(db: Db, workerId: string, ownEndpointIds: readonly string[]): Promise<void> {
  await db.transaction(async tx => {
    await releaseEndpoints(tx, { workerId })
    await tx.query(sql`delete from endpoint where id = any(${ownEndpointIds}::uuid[])`)
    await tx.query(sql`delete from worker where id = ${workerId}::uuid`)
  })
}

/**
 * Sweeps what killed workers left: builtin endpoints whose lease ran out, endpoints that no fleet file has listed for a
 * day, workers unseen for an hour (until then operators see that one died). Any worker may call it at any time.
 */
export async function sweepFleet(db: Db): Promise<void> {
  await db.query(sql`
    with stale as (
      select id from endpoint
      where (worker_id is null or lease_until <= clock_timestamp())
        and (engine = 'builtin' and coalesce(lease_until, free_since) <= clock_timestamp() - interval '1 minute'
          or greatest(free_since, coalesce(lease_until, free_since)) <= clock_timestamp() - interval '1 day')
      order by id
      for update skip locked
    )
    delete from endpoint using stale where endpoint.id = stale.id`)
  await db.query(sql`
    delete from worker where last_seen_at <= clock_timestamp() - interval '1 hour'
      and not exists (select from endpoint e where e.worker_id = worker.id and e.lease_until > clock_timestamp())`)
}
