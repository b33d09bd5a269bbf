import { hashInput } from '../jobs/insert-jobs.ts'
import type { JobSettings } from '../jobs/job-row.ts'
import type { BenchmarkName } from './benchmark.ts'

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
