import type { Logger } from 'pino'
import { defaultFleet, type Fleet } from './fleet.ts'
import { loadFleet, onlyModel } from './fleet-file.ts'
import type { Environment } from './server-entry.ts'
import { type FleetWatch, watchFleet } from './watch-fleet.ts'

/** The fleet a process drives, and how it hears of changes; `watch` is undefined where there is no file. */
export type OpenFleet = { fleet: Fleet; watch: FleetWatch | undefined }

/** The fleet file at `path`, or the builtin models without one; `only` keeps one model's entries. Throws FleetFileError. */
export function openFleet(
  path: string | null,
  { env, log, only = null }: { env: Environment; log: Logger; only?: string | null },
): OpenFleet {
  const pick = (fleet: Fleet) => (only === null ? fleet : onlyModel(fleet, only))
  if (path === null) return { fleet: pick(defaultFleet()), watch: undefined }
  const load = () => pick(loadFleet(path, env))
  return { fleet: load(), watch: watchFleet(path, { load, log }) }
}
