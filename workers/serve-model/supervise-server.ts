import { setTimeout as delay } from 'node:timers/promises'
import type { HttpClient } from '../engines/http.ts'
import { type ModelProcess, readLastLines, startModelProcess } from './model-process.ts'
import { type PlannedServer, ServePlanError } from './plan-servers.ts'

/** What has just happened to a server. `seconds`: from its start. */
export type ServerNews =
  | { type: 'started'; server: PlannedServer }
  | { type: 'healthy'; server: PlannedServer; seconds: number }
  | { type: 'died'; server: PlannedServer; code: number | null; seconds: number; retryInMs: number }

/** `ready` resolves at its first good health; it rejects when it never comes to that. */
export type SupervisedServer = { readonly isReady: boolean; ready: Promise<void>; stop(): Promise<void> }

const HEALTH_EVERY_MS = 250
const HEALTH_MS = 5_000
const LONG_LIFE_S = 60
const FIRST_DELAY_MS = 500
const LAST_DELAY_MS = 60_000
const EARLY_DEATHS = 5
const NOT_FOUND = 127

/**
 * Starts a server, waits for its health for as long as it lives (a model may have to be downloaded first), and starts it
 * again whenever it ends: at once at first, then with growing delays while it keeps dying young.
 */
export function superviseServer(
  server: PlannedServer,
  deps: { http: HttpClient; env: Readonly<Record<string, string | undefined>>; tell: (news: ServerNews) => void },
): SupervisedServer {
  const { http, env, tell } = deps
  const stopping = new AbortController()
  let current: ModelProcess | null = null
  let wasHealthy = false
  let becomeReady = () => {}
  let giveUp = (_reason: unknown) => {}
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve
    giveUp = reject
  })
  ready.catch(() => {}) // whoever awaits it gets the reason; nobody has to

  async function live(): Promise<{ code: number | null; seconds: number }> {
    const startedAt = performance.now()
    const seconds = () => (performance.now() - startedAt) / 1_000
    current = startModelProcess(server, env)
    tell({ type: 'started', server })
    const dead = new AbortController()
    const health = awaitHealth(AbortSignal.any([dead.signal, stopping.signal])).then(isHealthy => {
      if (!isHealthy) return
      wasHealthy = true
      tell({ type: 'healthy', server, seconds: seconds() })
      becomeReady()
    })
    const code = await current.exited
    dead.abort()
    await health
    return { code, seconds: seconds() }
  }

  async function awaitHealth(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS)])
      const isHealthy = await http.send({ method: 'GET', url: server.healthUrl }, limit).then(
        () => true,
        () => false,
      )
      if (isHealthy) return !signal.aborted
      await delay(HEALTH_EVERY_MS, undefined, { signal }).catch(() => {})
    }
    return false
  }

  async function run(): Promise<void> {
    for (let youngDeaths = 0; !stopping.signal.aborted; ) {
      const { code, seconds } = await live()
      if (stopping.signal.aborted) return
      youngDeaths = seconds > LONG_LIFE_S ? 0 : youngDeaths + 1
      if (!wasHealthy && (code === NOT_FOUND || youngDeaths >= EARLY_DEATHS)) throw await toStartError(code)
      const retryInMs = youngDeaths > 1 ? Math.min(FIRST_DELAY_MS * 2 ** (youngDeaths - 2), LAST_DELAY_MS) : 0
      tell({ type: 'died', server, code, seconds, retryInMs })
      await delay(retryInMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  async function toStartError(code: number | null): Promise<ServePlanError> {
    const why = code === NOT_FOUND ? 'its program was not found' : `it ended with ${code ?? 'a signal'} each time`
    const said = await readLastLines(server.logFile)
    return new ServePlanError(`${server.title} cannot be started: ${why}. It said (${server.logFile}):\n${said}`)
  }

  const running = run().catch(giveUp)
  return {
    get isReady() {
      return wasHealthy
    },
    ready,
    async stop() {
      stopping.abort()
      giveUp(new ServePlanError('It was stopped before it was ready.'))
      await current?.stop()
      await running
    },
  }
}
