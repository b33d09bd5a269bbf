// The fleet's half of the heartbeat: says that this worker lives, renews the leases of its endpoints, takes its share
// and hands over what is above it.

import type { Db } from '../src/db.ts'
import { acquireEndpoints, releaseEndpoints } from '../src/fleet/acquire-endpoints.ts'
import type { ListedEndpoint, ListedModel } from '../src/fleet/fleet-model.ts'
import { type EndpointIds, endpointKey, registerWorker, type WorkerRegistration } from '../src/fleet/register-worker.ts'
import { touchWorker } from '../src/fleet/touch-worker.ts'
import { queueOf } from '../src/queue/task.ts'
import type { EndpointPool } from './endpoint-pool.ts'
import { membershipOf, settleShare } from './endpoint-share.ts'
import type { Engine } from './engines/make-engine.ts'
import { type Fleet, type FleetModel, isThinker, stricterOf } from './fleet/fleet.ts'
import { canHandOver, type ListedInPool, type PoolEndpoint } from './pool-endpoint.ts'

/** Who this worker is. `url` of a builtin endpoint is made of its id: nobody else can drive it. */
export type WorkerIdentity = { workerId: string; host: string; version: string }

/** The endpoints of each queue that the fleet serves, with their rows' ids. Registers the worker with all of them. */
export async function registerFleet(
  db: Db,
  identity: WorkerIdentity,
  fleet: Fleet,
  engineAt: (model: FleetModel, url: string) => Engine,
): Promise<Map<string, ListedInPool[]>> {
  const ids = await registerWorker(db, toRegistration(identity, fleet))
  const queues = new Map<string, ListedInPool[]>()
  for (const model of fleet.models) {
    const endpoints = toListed(identity, model).map(({ url, capacity }): ListedInPool => {
      const id = ids.get(endpointKey(model.model, url))
      if (!id) throw new Error('A registered endpoint has no row.')
      return { id, url, capacity, engine: engineAt(model, url), model }
    })
    const queue = queueOf(isThinker(model) ? 'THINK' : 'EDIT', model.model)
    queues.set(queue, [...(queues.get(queue) ?? []), ...endpoints])
  }
  return queues
}

/**
 * One beat over all pools. An endpoint that another worker took meanwhile loses its `isHeld`; the caller aborts what
 * still runs there long before that can happen (self-abort after 6 s, lease 9 s).
 */
export async function beatFleet(
  db: Db,
  beat: { identity: WorkerIdentity; fleet: Fleet; pools: readonly EndpointPool[]; isDraining: boolean },
): Promise<void> {
  const { identity, fleet, pools, isDraining } = beat
  const { workerId } = identity
  const slots = pools.reduce((sum, pool) => sum + pool.slots(), 0)
  const reports = pools.flatMap(pool => pool.reports())
  const endpoints = pools.flatMap(pool => pool.endpoints)
  const listedIds = endpoints.map(endpoint => endpoint.id)
  const view = await touchWorker(db, { workerId, slots, isDraining, listedIds, endpoints: reports })
  const asked = new Set(reports.map(report => report.id))
  const stillHeld = new Set(view.heldIds)
  for (const endpoint of endpoints) {
    if (asked.has(endpoint.id) && !stillHeld.has(endpoint.id)) setHeld(endpoint, false)
  }
  for (const pool of pools) {
    const known = view.latencies.get(pool.endpoints[0]?.model.model ?? '')
    if (known) pool.learn(known)
  }
  if (!view.isKnown) takeIds(endpoints, await registerWorker(db, toRegistration(identity, fleet)))
  if (!isDraining) await takeShares(db, workerId, pools, view.workers)
  await handOver(db, workerId, pools, isDraining)
  for (const pool of pools) pool.announceRoom()
}

// What was swept while this process slept has rows again, under other ids.
function takeIds(endpoints: readonly PoolEndpoint[], ids: EndpointIds): void {
  for (const endpoint of endpoints) {
    const id = ids.get(endpointKey(endpoint.model.model, endpoint.url))
    if (id === undefined || id === endpoint.id) continue
    setHeld(endpoint, false)
    endpoint.id = id
  }
}

async function takeShares(
  db: Db,
  workerId: string,
  pools: readonly EndpointPool[],
  liveWorkers: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const rivalsOf = (pool: EndpointPool) => workersOf(pool, workerId, liveWorkers)
  const wishes = pools.map(pool => settleShare(pool, rivalsOf(pool))).filter(wish => wish.ids.length > 0)
  const acquired = new Map((await acquireEndpoints(db, { workerId, wishes })).map(taken => [taken.id, taken]))
  for (const pool of pools) {
    for (const endpoint of pool.endpoints) {
      const taken = acquired.get(endpoint.id)
      if (taken) setHeld(endpoint, true, taken.isSpare ? membershipOf(rivalsOf(pool)) : null)
    }
  }
}

// A builtin model's endpoint is this worker's alone, so nobody shares it.
function workersOf(
  pool: EndpointPool,
  workerId: string,
  liveWorkers: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const model = pool.endpoints[0]?.model
  if (!model || isOwn(model)) return [workerId]
  return liveWorkers.get(model.model) ?? [workerId]
}

async function handOver(db: Db, workerId: string, pools: readonly EndpointPool[], isDraining: boolean): Promise<void> {
  const idle = pools.flatMap(pool => pool.endpoints).filter(endpoint => canHandOver(endpoint, isDraining))
  // Not ours from here on: a claim that comes while the row is being freed must find no room.
  for (const endpoint of idle) setHeld(endpoint, false)
  await releaseEndpoints(db, { workerId, ids: idle.map(endpoint => endpoint.id) })
}

function setHeld(endpoint: PoolEndpoint, isHeld: boolean, spareUnder: string | null = null): void {
  endpoint.isHeld = isHeld
  endpoint.isRetiring = false
  endpoint.spareUnder = spareUnder
}

function isOwn(model: FleetModel): boolean {
  return model.settings.engine === 'builtin'
}

function toListed({ workerId }: WorkerIdentity, model: FleetModel): ListedEndpoint[] {
  const { model: modelId, capacity, settings } = model
  const urls = isOwn(model) ? [`builtin:${workerId}`] : model.urls
  return urls.map(url => ({ modelId, engine: settings.engine, url, capacity }))
}

function toRegistration(identity: WorkerIdentity, fleet: Fleet): WorkerRegistration {
  const models = new Map<string, ListedModel>()
  fleet.models.forEach(({ model: id, kinds: own, parameters, maxReferences: most, position }) => {
    const known = models.get(id) ?? { id, kinds: [], parameters: [], maxReferences: null, position }
    const further = parameters.filter(({ name }) => !known.parameters.some(parameter => parameter.name === name))
    const kinds = [...new Set([...known.kinds, ...own])]
    // A job may come to any of its servers, so what the least of them takes holds.
    const maxReferences = stricterOf(known.maxReferences, most)
    models.set(id, { ...known, kinds, parameters: [...known.parameters, ...further], maxReferences })
  })
  const endpoints = fleet.models.flatMap(model => toListed(identity, model))
  return { ...identity, models: [...models.values()], endpoints }
}
