import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from './cli-error.ts'

const DELAY_MS = 1_000
/** As long as a subscription tries to come back. */
const LIMIT_MS = 120_000

/** No server answers, one is starting, or it has no database or object store at the moment. */
const outages = new Set(['UNREACHABLE', 'STARTING', 'UNAVAILABLE'])

/**
 * Makes a call again while the server is away, for two minutes at most: one that is restarted is waited for. The call must
 * bear being made twice.
 */
export async function outlastServer<Result>(call: () => Promise<Result>): Promise<Result> {
  const giveUpAt = Date.now() + LIMIT_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof CliError) || !outages.has(error.code) || Date.now() > giveUpAt) throw error
      await sleep(DELAY_MS)
    }
  }
}
