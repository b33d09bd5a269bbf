import { hashInput } from '../jobs/insert-jobs.ts'
import type { JobSettings } from '../jobs/job-row.ts'
import { type BenchmarkName, benchmarkNames } from './benchmark.ts'

/** What the results of a run depend on beside its items. `variant`: what else tells it from others, in the user's words. */
export type RunConfiguration = {
  benchmark: BenchmarkName
  editor: string
  /** Null where the settings want no critique. */
  thinker: string | null
  settings: JobSettings
  variant: string | null
}

/** The first 12 hex digits of the SHA-256 of the configuration as JSON with sorted keys; a variant counts where there is one. */
export function toFingerprint({ variant, ...configuration }: RunConfiguration): string {
  return hashInput({ ...configuration, ...(variant !== null && { variant }) }).slice(0, 12)
}

/** The batch label of a run's jobs. */
export function toRunLabel(benchmark: BenchmarkName, fingerprint: string): string {
  return `bench/${benchmark}/${fingerprint}`
}

/** What a run's label says; null for any other batch label. */
export function parseRunLabel(label: string): { benchmark: BenchmarkName; fingerprint: string } | null {
  const [, name, fingerprint] = /^bench\/([a-z]+)\/([0-9a-f]{12})$/.exec(label) ?? []
  const benchmark = benchmarkNames.find(known => known === name)
  return benchmark && fingerprint ? { benchmark, fingerprint } : null
}
