import type { Logger } from 'pino'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What a process of ours counts, and what /metrics prints. */
export type Metrics = {
  registry: Registry
  /** `refresh` runs before each scrape, beside the others. */
  beforeScrape(refresh: () => Promise<void>): void
  /** The Prometheus text. What cannot be refreshed, as while the database is away, is printed as it was last. */
  print(): Promise<string>
  observeRequest(request: { method: string; route: string; status: number; seconds: number }): void
  /** Returns what ends it: with true where it gave no error. */
  startOperation(operation: string): (isOk: boolean) => void
  countError(operation: string, code: unknown): void
}

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'])
// A label must not be the caller's to choose.
const CODE = /^[A-Z][A-Z_]{0,40}$/

/** A registry of its own, so that two servers in one process do not mix. */
export function makeMetrics(log: Logger): Metrics {
  const registry = new Registry()
  const refreshers: (() => Promise<void>)[] = []
  const refreshing = (refresh: () => Promise<void>) =>
    refresh().catch(error => log.warn({ err: error }, 'some metrics could not be refreshed'))
  collectDefaultMetrics({ register: registry })
  const registers = [registry]

  const requests = new Histogram({
    name: 'pentimento_http_request_duration_seconds',
    help: 'Time from request to answer, streams excepted.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  })
  const operations = new Histogram({
    name: 'pentimento_graphql_operation_duration_seconds',
    help: 'Time of execution; of a subscription until its stream begins.',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const errors = new Counter({
    name: 'pentimento_graphql_errors_total',
    help: 'Entries of errors[] by extensions.code.',
    labelNames: ['operation', 'code'],
    registers,
  })
  return {
    registry,
    beforeScrape: refresh => void refreshers.push(refresh),
    async print() {
      await Promise.all(refreshers.map(refreshing))
      return registry.metrics()
    },
    observeRequest({ method, route, status, seconds }) {
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, seconds)
    },
    startOperation(operation) {
      const end = operations.startTimer({ operation })
      return isOk => void end({ outcome: isOk ? 'ok' : 'error' })
    },
    countError(operation, code) {
      errors.inc({ operation, code: typeof code === 'string' && CODE.test(code) ? code : 'NONE' })
    },
  }
}

/** Adds how many subscriptions are open on this process: to one job's events, or to all of a tenant's. */
export function collectSubscribers(registry: Registry, count: () => { ofJobs: number; ofTenants: number }): void {
  const subscribers = new Gauge({
    name: 'pentimento_subscribers',
    help: 'Open subscriptions of this process.',
    labelNames: ['to'],
    registers: [registry],
    collect() {
      const { ofJobs, ofTenants } = count()
      subscribers.set({ to: 'job' }, ofJobs)
      subscribers.set({ to: 'tenant' }, ofTenants)
    },
  })
}
