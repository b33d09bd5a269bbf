import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'

/** Whether the process can do its work. `checks` resolve where all is well. */
export type Health = {
  /** `/health/live`: the process answers. */
  live(req: IncomingMessage, res: ServerResponse): void
  /** `/health/ready`: every check passes; 503 names those that do not. */
  ready(req: IncomingMessage, res: ServerResponse): Promise<void>
  /** From now on it is not ready, so that no new callers are sent here. */
  leave(): void
}

const LIMIT_MS = 3_000
/** Probes that come more often share an answer. */
const TRUST_MS = 500

/** `checks` by name, run side by side; one that takes over 3 s has failed. Why one fails is for the log alone. */
export function makeHealth(checks: Record<string, () => Promise<unknown>>, log: Logger): Health {
  let isLeaving = false
  let last: { at: number; found: Promise<Record<string, 'ok' | 'failed'>> } | undefined

  async function look(): Promise<Record<string, 'ok' | 'failed'>> {
    const found = Object.entries(checks).map(async ([name, check]) => {
      try {
        await limited(check())
        return [name, 'ok'] as const
      } catch (error) {
        log.warn({ err: error, check: name }, 'not ready')
        return [name, 'failed'] as const
      }
    })
    return Object.fromEntries(await Promise.all(found))
  }

  return {
    live: (req, res) => answer(req, res, 200, { status: 'live' }),
    async ready(req, res) {
      if (isLeaving) return answer(req, res, 503, { status: 'stopping', checks: {} })
      if (!last || Date.now() - last.at > TRUST_MS) last = { at: Date.now(), found: look() }
      const found = await last.found
      const isReady = Object.values(found).every(state => state === 'ok')
      answer(req, res, isReady ? 200 : 503, { status: isReady ? 'ready' : 'unavailable', checks: found })
    },
    leave() {
      isLeaving = true
    },
  }
}

async function limited(work: Promise<unknown>): Promise<void> {
  const stop = new AbortController()
  try {
    const late = sleep(LIMIT_MS, undefined, { signal: stop.signal }).then(() => {
      throw new Error(`No answer in ${LIMIT_MS} ms.`)
    })
    late.catch(() => {}) // aborted below
    await Promise.race([work, late])
  } finally {
    stop.abort()
  }
}

/** Answers with JSON that nobody may keep. */
export function answer(req: IncomingMessage, res: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(req.method === 'HEAD' ? undefined : text)
}
