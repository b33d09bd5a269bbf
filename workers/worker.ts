// One worker: registers its fleet, drives the endpoints it holds, claims tasks for their free slots, and keeps the leases
// of both alive. Many may run on one database, in one process or in many.

import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import { connectDb, type Db } from '../src/db.ts'
import { removeWorker } from '../src/fleet/remove-worker.ts'
import type { ImageDeps } from '../src/images/image-row.ts'
import { releaseStage } from '../src/jobs/fail-stage.ts'
import { connectListener } from '../src/listener.ts'
import { claimTasks } from '../src/queue/claim-tasks.ts'
import { renewLeases } from '../src/queue/renew-leases.ts'
import { type ClaimedTask, leaseMs } from '../src/queue/task.ts'
import { cancelAbandoned } from './cancel-abandoned.ts'
import { type ClaimLoop, startClaimLoop } from './claim-loop.ts'
import { makeClosingRule } from './closing-rule.ts'
import { type EndpointPool, makeEndpointPool } from './endpoint-pool.ts'
import { makeBuiltinEngines } from './engines/builtin-engines.ts'
import { makeHttpClient } from './engines/http.ts'
import { type Engine, makeEngine } from './engines/make-engine.ts'
import type { Fleet, FleetModel } from './fleet/fleet.ts'
import { beatFleet, registerFleet, type WorkerIdentity } from './fleet-beat.ts'
import { startHeartbeat } from './heartbeat.ts'
import { makeHeldTasks } from './held-tasks.ts'
import { canHandOver } from './pool-endpoint.ts'
import { makePicturePreparer } from './prepare-picture.ts'
import { startReaper } from './reaper.ts'
import { runTask } from './run-task.ts'

export type WorkerOptions = {
  db: Db
  /** The same database, for the worker's own listening and heartbeat connections. */
  url: string
  images: ImageDeps
  log: Logger
  fleet: Fleet
  host: string
  version: string
  workerId?: string
  /** Makes the engine at an endpoint. Default: the one that the fleet's settings name. */
  engineAt?: (model: FleetModel, url: string) => Engine
}

/** `ready` resolves once the fleet is registered and work is taken; it rejects when the database cannot be reached. */
export type Worker = {
  readonly id: string
  readonly ready: Promise<void>
  /**
   * Takes no more work, lets running calls end for `graceMs`, gives the others back at once, hands its endpoints over.
   * A second call waits for the first and may shorten its grace.
   */
  stop(options?: { graceMs?: number }): Promise<void>
}

/** Enough for a call that is about to end: whoever else has a free slot may have the others at once. */
const DEFAULT_GRACE_MS = 500
const BEAT_STATEMENT_MS = 2_500
/** Results on their way to the database, beyond which nothing more is claimed: a slow database must not pile them up. */
const MIN_BACKLOG = 16

/** Starts a worker. Whatever goes wrong later is logged and retried: only `stop` ends it. */
export function startWorker(options: WorkerOptions): Worker {
  const { db, url, images, fleet, host, version } = options
  const identity: WorkerIdentity = { workerId: options.workerId ?? uuid(), host, version }
  const { workerId } = identity
  const log = options.log.child({ workerId })
  const beatDb = connectDb({
    url,
    maxConnections: 1,
    applicationName: 'pentimento heartbeat',
    statementTimeoutMs: BEAT_STATEMENT_MS,
    log,
  })
  const http = makeHttpClient()
  const builtin = makeBuiltinEngines()
  const held = makeHeldTasks()
  const stageDeps = { db, images, prepare: makePicturePreparer(images), log }
  const pools = new Map<string, EndpointPool>()
  const loops = new Map<string, ClaimLoop>()
  let isDraining = false
  let stopParts: (() => Promise<void>)[] = []

  async function beat(): Promise<void> {
    const claims = held.list()
    const { lost, abort } = await renewLeases(beatDb, { workerId, held: claims, leaseMs })
    const claimsOf = (ids: readonly string[]) => claims.filter(({ id }) => ids.includes(id))
    held.abortClaims(claimsOf(lost), 'lost')
    held.abortClaims(claimsOf(abort), 'canceled')
    await beatFleet(beatDb, { identity, fleet, pools: [...pools.values()], isDraining })
  }

  function startQueue(queue: string, pool: EndpointPool, isAlive: () => boolean): void {
    let running = 0
    const modelId = pool.endpoints[0]?.model.model ?? ''
    const isClosing = makeClosingRule(db, { queue, modelId, log })
    const room = () => {
      if (isDraining || !isAlive()) return 0
      const persisting = running - pool.inFlight()
      return Math.min(pool.room(), Math.max(pool.slots(), MIN_BACKLOG) - persisting)
    }
    const claim = (limit: number) => {
      const stageSeconds = pool.medianSeconds() ?? 1
      return claimTasks(db, { queue, workerId, limit, leaseMs, stageSeconds, isClosing: isClosing() })
    }
    const run = async (task: ClaimedTask) => {
      const slot = isDraining || !isAlive() ? null : pool.take(task)
      const entry = held.add(task)
      running++
      try {
        if (slot) await runTask(stageDeps, { held: entry, slot })
        else await releaseStage(db, task)
      } catch (error) {
        log.warn({ err: error, taskId: task.id }, 'a task could not be given back; its lease runs out')
      } finally {
        running--
        held.remove(entry)
        loops.get(queue)?.wake()
      }
    }
    loops.set(queue, startClaimLoop({ room, claim, run: task => void run(task), log }))
  }

  async function start(): Promise<void> {
    const { engineAt = (model, at) => makeEngine({ http, builtin }, model, at) } = options
    const queues = await registerFleet(db, identity, fleet, engineAt)
    let hurry = () => {}
    for (const [queue, endpoints] of queues) {
      const isSticky = queue.startsWith('think:')
      const onRoom = () => {
        loops.get(queue)?.wake()
        // Others wait for what is idle now and not to be ours.
        if (pool.endpoints.some(endpoint => canHandOver(endpoint, isDraining))) hurry()
      }
      const pool = makeEndpointPool(endpoints, { isSticky, onRoom })
      pools.set(queue, pool)
    }
    const heartbeat = await startHeartbeat({ beat, onCut: () => held.abortAll('cut'), log })
    hurry = heartbeat.hurry
    stopParts.push(() => heartbeat.stop())
    const wakeAll = () => {
      for (const loop of loops.values()) loop.wake()
    }
    const listener = await connectListener({
      url,
      channels: ['task', 'cancel', 'abandoned', 'fleet'],
      onNotification: (channel, payload) => {
        if (channel === 'task') loops.get(payload)?.wake()
        else if (channel === 'cancel') held.abortFor(payload)
        else if (channel === 'abandoned') stopAtProvider(payload)
        else if (fleet.models.some(({ model }) => model === payload)) hurry()
      },
      onReconnect: wakeAll,
      log,
    })
    stopParts.push(() => listener.close())
    hurry() // others may have made room before this one listened
    const reaper = startReaper(db, { isSteady: heartbeat.isSteady, log })
    stopParts.push(() => reaper.stop())
    for (const [queue, pool] of pools) startQueue(queue, pool, heartbeat.isAlive)
    log.info({ models: fleet.models.map(model => model.model) }, 'the worker takes tasks')
  }

  // The payload is the task's id, a space and its queue.
  function stopAtProvider(payload: string): void {
    const at = payload.indexOf(' ')
    const endpoints = pools.get(payload.slice(at + 1))?.endpoints ?? []
    void cancelAbandoned(db, { taskId: payload.slice(0, at), endpoints, log })
  }

  async function drain(): Promise<void> {
    await ready.catch(() => {})
    isDraining = true
    await Promise.all([...loops.values()].map(loop => loop.stop()))
    // Says that this worker leaves, so that the others take its endpoints as their calls end.
    await beat().catch(error => log.warn({ err: error }, 'the drain could not be announced'))
    await held.whenEmpty()
    for (const timer of graces) clearTimeout(timer)
    for (const stopPart of stopParts.reverse()) await stopPart()
    stopParts = []
    const all = [...pools.values()]
    const own = all.flatMap(pool => pool.endpoints).filter(endpoint => endpoint.model.settings.engine === 'builtin')
    await removeWorker(
      db,
      workerId,
      own.map(endpoint => endpoint.id),
    ).catch(error => log.warn({ err: error }, 'the worker could not be signed off; its leases run out'))
    for (const pool of all) pool.close()
    await Promise.all([http.close(), builtin.close(), beatDb.close()])
    log.info('the worker has stopped')
  }

  const ready = start()
  ready.catch(() => {}) // whoever awaits it gets the reason; nobody has to
  const graces = new Set<NodeJS.Timeout>()
  let stopping: Promise<void> | undefined
  return {
    id: workerId,
    ready,
    stop({ graceMs = DEFAULT_GRACE_MS } = {}) {
      graces.add(setTimeout(() => held.abortAll('drained'), graceMs).unref())
      stopping ??= drain()
      return stopping
    },
  }
}
