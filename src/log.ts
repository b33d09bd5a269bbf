import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.ts'

/** JSON lines on standard error, so that standard output keeps to what a person asked for. Secrets are left out. */
export function makeLog(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      redact: {
        paths: ['authorization', '*.authorization', 'headers.authorization', 'secret', '*.secret'],
        remove: true,
      },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
