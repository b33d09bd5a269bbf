import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { fleetLeaseMs } from './fleet-model.ts'

/** What the worker has seen of an endpoint it drives, shown to operators. */
export type EndpointReport = {
  id: string
  health: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'
  inFlight: number
  failures: number
  medianSeconds: number | null
  /** The slowest of twenty calls; null while too few were made. */
  p95Seconds: number | null
}

/** What a heartbeat learns: the endpoints that are still this worker's, and who else is there. */
export type FleetView = {
  /** False: the worker's row or one of its endpoints' was swept; register again. */
  isKnown: boolean
  heldIds: string[]
  /** By model: ids of the live workers, draining ones excepted, that list some of the same endpoints of it, sorted. */
  workers: ReadonlyMap<string, readonly string[]>
  /** By model: the median over its endpoints of what each takes for a call, whoever drives it. */
  latencies: ReadonlyMap<string, { medianSeconds: number | null; p95Seconds: number | null }>
}

/**
 * The heartbeat of the fleet rows: says that the worker lives, renews the lease of every endpoint it drives and reports
 * on them. An endpoint that another worker took meanwhile is missing from `heldIds`: stop calling it.
 */
export async function touchWorker(
  db: Db,
  beat: {
    workerId: string
    slots: number
    isDraining: boolean
    /** Every endpoint that the worker could drive. */
    listedIds: readonly string[]
    endpoints: readonly EndpointReport[]
  },
): Promise<FleetView> {
  const { workerId, slots, isDraining, listedIds, endpoints } = beat
  const { rows: known } = await db.query<{ endpoints: number }>(sql`
    update worker set last_seen_at = clock_timestamp(), slots = ${slots}::int, is_draining = ${isDraining}::boolean
    where id = ${workerId}::uuid
    returning (select count(*) from endpoint where id = any(${listedIds}::uuid[])) as endpoints`)
  const { rows: held } = await db.query<{ id: string }>(sql`
    with report as (
      select * from jsonb_to_recordset(${JSON.stringify(endpoints)}::jsonb)
        as r("id" uuid, "health" endpoint_health, "inFlight" int, "failures" int, "medianSeconds" float8,
          "p95Seconds" float8)
    ), mine as (
      select e.id from endpoint e join report using (id) where e.worker_id = ${workerId}::uuid order by e.id for update of e
    )
    update endpoint e set
      lease_until = clock_timestamp() + ${fleetLeaseMs} * interval '1 millisecond',
      health = report.health, in_flight = report."inFlight", failures = report.failures,
      median_seconds = coalesce(report."medianSeconds", e.median_seconds),
      p95_seconds = coalesce(report."p95Seconds", e.p95_seconds)
    from report join mine using (id)
    where e.id = report.id
    returning e.id`)
  const { rows: live } = await db.query<{ modelId: string; workerIds: string[] }>(sql`
    with live as (
      select endpoint_ids, array_agg(id::text) as worker_ids from worker
      where not is_draining and last_seen_at > clock_timestamp() - ${fleetLeaseMs} * interval '1 millisecond'
      group by endpoint_ids
    )
    select shared.model_id as "modelId", array_agg(w.id order by w.id) as "workerIds"
    from live cross join lateral (
        select distinct model_id from endpoint where id = any(live.endpoint_ids) and id = any(${listedIds}::uuid[])
      ) as shared cross join unnest(live.worker_ids) as w(id)
    group by shared.model_id`)
  const { rows: latencies } = await db.query<{
    modelId: string
    medianSeconds: number | null
    p95Seconds: number | null
  }>(sql`
    select model_id as "modelId", percentile_cont(0.5) within group (order by median_seconds) as "medianSeconds",
      percentile_cont(0.5) within group (order by p95_seconds) as "p95Seconds"
    from endpoint
    where model_id in (select model_id from endpoint where id = any(${listedIds}::uuid[]))
      and coalesce(lease_until, free_since) > clock_timestamp() - interval '1 hour'
    group by model_id`)
  return {
    isKnown: known[0]?.endpoints === new Set(listedIds).size,
    heldIds: held.map(row => row.id),
    workers: new Map(live.map(row => [row.modelId, row.workerIds])),
    latencies: new Map(latencies.map(({ modelId, ...latency }) => [modelId, latency])),
  }
}
