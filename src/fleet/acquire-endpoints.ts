// An endpoint is driven by one live worker at a time: a lease on its row. So its capacity holds however many workers
// share a fleet file. Only the database's clock is compared.

import type { Db, Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import { fleetLeaseMs, spareAfterMs } from './fleet-model.ts'

/** For one model: the endpoints this worker lists but does not drive, and how many more its fair share allows. */
export type EndpointWish = { ids: readonly string[]; upTo: number }

/** `isSpare`: taken above the share, because nobody wanted it for two heartbeats. */
export type AcquiredEndpoint = { id: string; isSpare: boolean }

/**
 * Takes free endpoints: of each wish as many as the share allows, and beyond that those that stayed free for two
 * heartbeats. Of rivals that reach for the same endpoint one gets it.
 */
export async function acquireEndpoints(
  db: Db,
  { workerId, wishes }: { workerId: string; wishes: readonly EndpointWish[] },
): Promise<AcquiredEndpoint[]> {
  const wished = wishes.flatMap(wish => wish.ids)
  if (wished.length === 0) return []
  return db.transaction(async tx => {
    const { rows: free } = await tx.query<{ id: string; isSpare: boolean }>(sql`
      select id, greatest(free_since, coalesce(lease_until, free_since))
        <= clock_timestamp() - ${spareAfterMs} * interval '1 millisecond' as "isSpare"
      from endpoint
      where id = any(${wished}::uuid[]) and (worker_id is null or lease_until <= clock_timestamp())
      order by id
      for update`)
    const taken = wishes.flatMap(wish => chooseEndpoints(wish, free))
    if (taken.length === 0) return []
    await tx.query(sql`
      update endpoint set
        worker_id = ${workerId}::uuid, lease_until = clock_timestamp() + ${fleetLeaseMs} * interval '1 millisecond',
        in_flight = 0, health = 'UNKNOWN'
      where id = any(${taken.map(endpoint => endpoint.id)}::uuid[])`)
    return taken
  })
}

function chooseEndpoints(
  { ids, upTo }: EndpointWish,
  free: readonly { id: string; isSpare: boolean }[],
): AcquiredEndpoint[] {
  const mine = free.filter(endpoint => ids.includes(endpoint.id))
  const share = mine.slice(0, Math.max(0, upTo)).map(({ id }) => ({ id, isSpare: false }))
  const spare = mine.slice(share.length).filter(endpoint => endpoint.isSpare)
  return [...share, ...spare]
}

/**
 * Hands endpoints over, all that the worker drives where no ids are given: the next one that lists them may take them at
 * once, and hears of it by NOTIFY 'fleet'. Those of others are left alone.
 */
export async function releaseEndpoints(
  db: Queryable,
  { workerId, ids = null }: { workerId: string; ids?: readonly string[] | null },
): Promise<void> {
  if (ids?.length === 0) return
  await db.query(sql`
    with mine as (
      select id from endpoint
      where worker_id = ${workerId}::uuid and (${ids}::uuid[] is null or id = any(${ids}::uuid[]))
      order by id for update
    ), freed as (
      update endpoint set worker_id = null, lease_until = null, in_flight = 0, health = 'UNKNOWN',
        free_since = clock_timestamp()
      from mine where endpoint.id = mine.id
      returning model_id
    )
    select pg_notify('fleet', model_id) from (select distinct model_id from freed) as told`)
}
