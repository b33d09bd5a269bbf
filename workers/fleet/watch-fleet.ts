import { unwatchFile, watchFile } from 'node:fs'
import type { Logger } from 'pino'
import type { Fleet } from './fleet.ts'

/** Calls back with each new state of a fleet file; gives what ends it. */
export type FleetWatch = (onChange: (fleet: Fleet) => void) => () => void

const LOOK_EVERY_MS = 1_000

/**
 * Looks at the file once a second (a mounted file is replaced, not written, so an inode's events would miss it). A file
 * that does not load is told in the log and changes nothing.
 */
export function watchFleet(path: string, { load, log }: { load: () => Fleet; log: Logger }): FleetWatch {
  return onChange => {
    const look = (now: { mtimeMs: number; ino: number }, before: { mtimeMs: number; ino: number }) => {
      if (now.mtimeMs === before.mtimeMs && now.ino === before.ino) return
      try {
        onChange(load())
      } catch (error) {
        log.error({ err: error }, 'the changed fleet file is not used; the fleet stays as it was')
      }
    }
    watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look)
    return () => unwatchFile(path, look)
  }
}
