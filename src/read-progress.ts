import type { Queryable } from './db.ts'
import { sql } from './sql.ts'

/** How often something happened: a round's result, a stage put back, a run's end. */
export type Progress = {
  type: string
  status: string | null
  stopReason: string | null
  stage: string | null
  count: number
}

/** One attempt of a stage that has ended. */
export type StageTime = { queue: string; stage: string; outcome: string; seconds: number }

/** What a model's live endpoints have to give and do. */
export type EndpointLoad = { model: string; health: string; endpoints: number; capacity: number; inFlight: number }

/** The transaction id below which every event is committed: between two of them events are counted once. */
export async function readWatermark(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ xid: string }>(sql`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xid`)
  return rows[0]?.xid ?? '0'
}

/** What was written from one watermark up to another. */
export async function readProgress(db: Queryable, from: string, to: string): Promise<Progress[]> {
  const { rows } = await db.query<Progress>(sql`
    select e.type::text as type, e.status::text as status, e.stop_reason::text as "stopReason",
      e.stage::text as stage, count(*) as count
    from event_log l cross join tenant t
      join job_event e on e.tenant_id = t.id and e.epoch = l.epoch
        and e.xid >= ${from}::text::xid8 and e.xid < ${to}::text::xid8
    where e.type in ('ROUND_EDITED', 'ROUND_CRITIQUED', 'ROUND_FAILED', 'STAGE_RETRYING', 'JOB_FINISHED')
    group by 1, 2, 3, 4`)
  return rows
}

/** The attempts of all runs that ended between two watermarks, though at most 10 minutes ago; a judge's come later. */
export async function readStageTimes(db: Queryable, from: string, to: string): Promise<StageTime[]> {
  const { rows } = await db.query<StageTime>(sql`
    select task.queue, task.stage::text as stage, a.outcome,
      extract(epoch from a.ended_at - a.started_at)::float8 as seconds
    from event_log l cross join tenant t
      join job_event e on e.tenant_id = t.id and e.epoch = l.epoch
        and e.xid >= ${from}::text::xid8 and e.xid < ${to}::text::xid8
      join task on task.job_id = e.job_id and task.run = e.run and task.stage <> 'JUDGE'
      join attempt a on a.task_id = task.id
    where e.type = 'JOB_FINISHED' and e.at > clock_timestamp() - interval '10 minutes'
      and a.outcome is not null and a.ended_at is not null`)
  return rows
}

/** Endpoints under a worker's lease, by model and health. */
export async function readEndpointLoads(db: Queryable): Promise<EndpointLoad[]> {
  const { rows } = await db.query<EndpointLoad>(sql`
    select model_id as model, health::text as health, count(*) as endpoints, sum(capacity)::int4 as capacity,
      sum(in_flight)::int4 as "inFlight"
    from endpoint
    where lease_until > clock_timestamp()
    group by model_id, health`)
  return rows
}
