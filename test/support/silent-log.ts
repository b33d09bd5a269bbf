import { pino } from 'pino'

/** A logger that says nothing; set `LOG_LEVEL=debug` to see what the code under test says. */
export const silentLog = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
