import { v7 as uuid } from 'uuid'
import type { Db, Tx } from '../db.ts'
import { sql } from '../sql.ts'
import type { ListedEndpoint, ListedModel } from './fleet-model.ts'

export type WorkerRegistration = {
  workerId: string
  host: string
  version: string
  models: readonly ListedModel[]
  endpoints: readonly ListedEndpoint[]
}

/** An endpoint's row id by the model and URL that name it. */
export type EndpointIds = ReadonlyMap<string, string>

/** The key of an endpoint in `EndpointIds`. */
export function endpointKey(modelId: string, url: string): string {
  return `${modelId} ${url}`
}

/**
 * Makes the worker, its models and its endpoints known. Models stay for ever, so that a job may name them while no
 * worker serves them. A second call (another fleet file, or a row that was swept) brings the rows up to date. The workers
 * that share a model hear of it by NOTIFY 'fleet'.
 */
export async function registerWorker(db: Db, registration: WorkerRegistration): Promise<EndpointIds> {
  return db.transaction(async tx => {
    await upsertModels(tx, registration.models)
    const ids = await upsertEndpoints(tx, registration.endpoints)
    const shared = registration.endpoints.filter(({ engine }) => engine !== 'builtin')
    await upsertWorker(tx, registration, idsOf(shared, ids))
    const modelIds = [...new Set(shared.map(endpoint => endpoint.modelId))]
    await tx.query(sql`select pg_notify('fleet', id) from unnest(${modelIds}::text[]) as told(id)`)
    return ids
  })
}

function idsOf(endpoints: readonly ListedEndpoint[], ids: EndpointIds): string[] {
  return endpoints.flatMap(({ modelId, url }) => ids.get(endpointKey(modelId, url)) ?? []).sort()
}

async function upsertWorker(
  tx: Tx,
  { workerId, host, version, models }: WorkerRegistration,
  endpointIds: string[],
): Promise<void> {
  await tx.query(sql`
    insert into worker (id, host, version, models, endpoint_ids)
    values (${workerId}::uuid, ${host}, ${version}, ${models.map(model => model.id)}::text[], ${endpointIds}::uuid[])
    on conflict (id) do update set
      host = excluded.host, version = excluded.version, models = excluded.models,
      endpoint_ids = excluded.endpoint_ids, last_seen_at = clock_timestamp()`)
}

// Workers that start together upsert in one order, so that none waits for another in a circle.
async function upsertModels(tx: Tx, models: readonly ListedModel[]): Promise<void> {
  await tx.query(sql`
    insert into model (id, kinds, parameters, max_references, position)
    select m.id, array(select jsonb_array_elements_text(m.kinds)::model_kind), m.parameters, m."maxReferences", m.position
    from jsonb_to_recordset(${JSON.stringify(models)}::jsonb)
      as m("id" text, "kinds" jsonb, "parameters" jsonb, "maxReferences" int, "position" int)
    order by m.id
    on conflict (id) do update set
      kinds = excluded.kinds, parameters = excluded.parameters, max_references = excluded.max_references,
      position = excluded.position
    where (model.kinds, model.parameters, model.max_references, model.position)
      is distinct from (excluded.kinds, excluded.parameters, excluded.max_references, excluded.position)`)
}

async function upsertEndpoints(tx: Tx, endpoints: readonly ListedEndpoint[]): Promise<EndpointIds> {
  const rows = endpoints.map(({ modelId, engine, url, capacity }) => ({ id: uuid(), modelId, engine, url, capacity }))
  await tx.query(sql`
    insert into endpoint (id, model_id, engine, url, capacity)
    select e.id, e."modelId", e.engine, e.url, e.capacity
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as e("id" uuid, "modelId" text, "engine" text, "url" text, "capacity" int)
    order by e."modelId", e.url
    on conflict (model_id, url) do nothing`)
  // Not by the conflict: that locks every row, in another order than the heartbeats of those that drive them.
  await tx.query(sql`
    with changed as (
      select endpoint.id, e."engine", e."capacity"
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as e("modelId" text, "url" text, "engine" text, "capacity" int)
      join endpoint on endpoint.model_id = e."modelId" and endpoint.url = e."url"
      where (endpoint.engine, endpoint.capacity) is distinct from (e."engine", e."capacity")
      order by endpoint.id
      for update of endpoint
    )
    update endpoint set engine = changed.engine, capacity = changed.capacity
    from changed where endpoint.id = changed.id`)
  const { rows: found } = await tx.query<{ id: string; modelId: string; url: string }>(sql`
    select id, model_id as "modelId", url from endpoint
    join unnest(${endpoints.map(e => e.modelId)}::text[], ${endpoints.map(e => e.url)}::text[]) as listed(model_id, url)
      using (model_id, url)`)
  return new Map(found.map(row => [endpointKey(row.modelId, row.url), row.id]))
}
