// What the database knows of the whole system, asked at each scrape: so it is right however many workers there are, and
// the same from every API process. Counters go on from where this process started; take one of several, not their sum.

import { Counter, Gauge, Histogram } from 'prom-client'
import type { Db } from './db.ts'
import type { Metrics } from './metrics.ts'
import { queueDepths } from './queue/queue-depths.ts'
import { readEndpointLoads, readProgress, readStageTimes, readWatermark } from './read-progress.ts'

const STAGE_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640]

/** Adds what is asked before each scrape. */
export function collectFromDatabase(metrics: Metrics, db: Db): void {
  const registers = [metrics.registry]
  const queueLabels = ['stage', 'model', 'state'] as const
  const tasks = new Gauge({
    name: 'pentimento_queue_tasks',
    help: 'Tasks that wait or run.',
    labelNames: queueLabels,
    registers,
  })
  const oldest = new Gauge({
    name: 'pentimento_queue_oldest_seconds',
    help: 'Age of the oldest of them.',
    labelNames: queueLabels,
    registers,
  })
  metrics.beforeScrape(async () => {
    const depths = await queueDepths(db)
    tasks.reset()
    oldest.reset()
    for (const { queue, state, tasks: count, oldestSeconds } of depths) {
      const labels = { ...splitQueue(queue), state }
      tasks.set(labels, count)
      oldest.set(labels, oldestSeconds)
    }
  })

  const endpoints = new Gauge({
    name: 'pentimento_endpoints',
    help: 'Endpoints that a live worker drives.',
    labelNames: ['model', 'health'],
    registers,
  })
  const capacity = new Gauge({
    name: 'pentimento_endpoint_capacity',
    help: 'Calls that they take at once.',
    labelNames: ['model'],
    registers,
  })
  const inFlight = new Gauge({
    name: 'pentimento_endpoint_in_flight',
    help: 'Calls that run on them now.',
    labelNames: ['model'],
    registers,
  })
  metrics.beforeScrape(async () => {
    const loads = await readEndpointLoads(db)
    for (const gauge of [endpoints, capacity, inFlight]) gauge.reset()
    for (const load of loads) {
      endpoints.set({ model: load.model, health: load.health }, load.endpoints)
      capacity.inc({ model: load.model }, load.capacity)
      inFlight.inc({ model: load.model }, load.inFlight)
    }
  })

  const rounds = new Counter({
    name: 'pentimento_rounds_total',
    help: 'Rounds edited, critiqued and failed since this process started.',
    labelNames: ['result'],
    registers,
  })
  const jobs = new Counter({
    name: 'pentimento_jobs_finished_total',
    help: 'Runs that ended since this process started.',
    labelNames: ['status', 'stop_reason'],
    registers,
  })
  const retries = new Counter({
    name: 'pentimento_stage_retries_total',
    help: 'Stages that were put back to be tried again.',
    labelNames: ['stage'],
    registers,
  })
  const stages = new Histogram({
    name: 'pentimento_stage_duration_seconds',
    help: 'Time from claim to result, told when the run ends.',
    labelNames: ['stage', 'model', 'outcome'],
    buckets: STAGE_SECONDS,
    registers,
  })
  let since = readWatermark(db)
  since.catch(() => {}) // tried again at the first scrape
  let refreshing: Promise<void> = Promise.resolve()
  // One scrape after the other, or what both read would count twice.
  metrics.beforeScrape(() => {
    refreshing = refreshing.catch(() => {}).then(advance)
    return refreshing
  })
  async function advance(): Promise<void> {
    const from = await since.catch(() => readWatermark(db))
    const to = await readWatermark(db)
    const [progress, times] = await Promise.all([readProgress(db, from, to), readStageTimes(db, from, to)])
    since = Promise.resolve(to)
    for (const { type, status, stopReason, stage, count } of progress) {
      const result = ROUND_RESULTS[type]
      if (result) rounds.inc({ result }, count)
      else if (type === 'STAGE_RETRYING') retries.inc({ stage: stage ?? 'unknown' }, count)
      else jobs.inc({ status: status ?? 'unknown', stop_reason: stopReason ?? 'unknown' }, count)
    }
    for (const { queue, stage, outcome, seconds } of times) {
      stages.observe({ stage, model: splitQueue(queue).model, outcome }, seconds)
    }
  }
}

const ROUND_RESULTS: Record<string, string> = {
  ROUND_EDITED: 'edited',
  ROUND_CRITIQUED: 'critiqued',
  ROUND_FAILED: 'failed',
}

/** `edit:flux-kontext-dev` as its two labels. */
function splitQueue(queue: string): { stage: string; model: string } {
  const at = queue.indexOf(':')
  return { stage: queue.slice(0, at), model: queue.slice(at + 1) }
}
