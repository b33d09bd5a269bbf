import type { FleetModel } from './fleet/fleet.ts'

/**
 * How long a call may take, in milliseconds: at most what the fleet file says, and no more than four times the p95 that
 * was observed, but at least 10 s. With times that spread as an image model's do (lognormal, cv 0.5) that is three times
 * the p99: one good call in 10,000 is cut, and a hung server costs its job seconds, not the file's ten minutes. 10 s is
 * more than a fast model ever needs to load an adapter or to let a neighbour's large picture pass. Each failure before
 * doubles it, so that a call which rightly takes long (many steps, a huge picture) gets through at a later attempt.
 */
export function decideDeadlineMs(call: { configuredMs: number; p95Seconds: number | null; failures: number }): number {
  const { configuredMs, p95Seconds, failures } = call
  if (p95Seconds === null) return configuredMs
  return Math.min(configuredMs, Math.max(FLOOR_MS, MULTIPLE * p95Seconds * 1_000) * 2 ** failures)
}

const FLOOR_MS = 10_000
const MULTIPLE = 4

/**
 * Whether a late call may be cut by what others took: our own engine hangs nowhere, and a provider that works a call off
 * by itself, for money, has cold starts of minutes. Those have the configured deadline alone.
 */
export function hasObservedDeadline({ settings }: Pick<FleetModel, 'settings'>): boolean {
  const engine: string = settings.engine
  return engine !== 'builtin' && engine !== 'async-job'
}
