import { catalog, type ModelKind, type ModelParameter } from '../catalog.ts'
import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'

/** A model as callers see it: what it does, which parameters a job may give it and how many reference images (null: any). */
export type KnownModel = {
  id: string
  kinds: readonly ModelKind[]
  parameters: readonly ModelParameter[]
  maxReferences: number | null
}

/**
 * How much of a model the fleet serves now. `capacity`: calls that can run at once; `inFlight`: stages that run;
 * `queued`: stages that wait, of all tenants.
 */
export type ModelLoad = { isAvailable: boolean; capacity: number; inFlight: number; queued: number }

/** Every model that was ever registered, in the fleet file's order, then what the catalogue knows besides. */
export async function readModels(db: Queryable): Promise<KnownModel[]> {
  const { rows } = await db.query<KnownModel>(sql`
    select id, kinds::text[] as kinds, parameters, max_references as "maxReferences"
    from model order by position, id limit 1000`)
  const registered = new Set(rows.map(model => model.id))
  return [...rows, ...[...catalog.values()].filter(model => !registered.has(model.id))]
}

/** The load of each of these models; one that nobody serves has none. */
export async function readModelLoads(db: Queryable, ids: readonly string[]): Promise<Map<string, ModelLoad>> {
  const { rows } = await db.query<ModelLoad & { id: string }>(sql`
    with wanted as (
      select id, array['edit:' || id, 'think:' || id] as queues from unnest(${ids}::text[]) as t (id)
    )
    select w.id, coalesce(e.capacity, 0)::int as capacity, coalesce(e.healthy, false) as "isAvailable",
      (select count(*) from task where state = 'LEASED' and queue = any(w.queues))::int as "inFlight",
      (select count(*) from task where state = 'READY' and queue = any(w.queues))::int
        + (select count(*) from task where state = 'DELAYED' and queue = any(w.queues))::int as queued
    from wanted w
    left join lateral (
      select sum(capacity) as capacity, bool_or(health <> 'UNHEALTHY') as healthy
      from endpoint
      where model_id = w.id and lease_until > clock_timestamp()
    ) e on true`)
  return new Map(rows.map(({ id, ...load }) => [id, load]))
}
