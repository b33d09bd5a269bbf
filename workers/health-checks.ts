import { EngineError } from './engines/engine.ts'
import { type PoolEndpoint, tellBreaker } from './pool-endpoint.ts'

/** An endpoint that is open, or has had no call for so long, is asked whether it lives. */
const CHECK_EVERY_MS = 5_000
const CHECK_TIMEOUT_MS = 5_000
/** One that cannot be asked gets a trial call after this pause. */
const REST_MS = 10_000
const LOOK_EVERY_MS = 500

/**
 * Asks the held endpoints of a pool whether they live, those that can be asked: open and idle ones every 5 s, one whose
 * call has just run into its deadline at once. A server that is too busy to answer (429, 503) is left as it is.
 * `onChange`: an endpoint may be called again, or not any more.
 */
export function startHealthChecks(endpoints: readonly PoolEndpoint[], onChange: () => void): { close(): void } {
  const closing = new AbortController()
  const asked = new Set<PoolEndpoint>()

  async function ask(endpoint: PoolEndpoint, probe: (signal: AbortSignal) => Promise<void>): Promise<void> {
    asked.add(endpoint)
    const before = endpoint.breaker.state
    try {
      await probe(AbortSignal.any([closing.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]))
      tellBreaker(endpoint, 'alive')
    } catch (error) {
      if (closing.signal.aborted) return
      const isBusy = error instanceof EngineError && error.kind === 'busy'
      if (isBusy) endpoint.heardAt = Date.now()
      // What was called meanwhile knows better: a server in the middle of an edit need not answer in time.
      else if (endpoint.inFlight === 0 || before !== 'closed') tellBreaker(endpoint, 'silent')
    } finally {
      asked.delete(endpoint)
      const wasSuspect = endpoint.isSuspect
      endpoint.isSuspect = false
      if (wasSuspect || endpoint.breaker.state !== before) onChange()
    }
  }

  function look(): void {
    const now = Date.now()
    for (const endpoint of endpoints) {
      if (!endpoint.isHeld || asked.has(endpoint)) continue
      const { probe } = endpoint.engine
      const isOpen = endpoint.breaker.state === 'open'
      const sinceMs = now - endpoint.heardAt
      if (probe === null) {
        endpoint.isSuspect = false
        if (!isOpen || sinceMs < REST_MS) continue
        tellBreaker(endpoint, 'rested')
        onChange()
      } else if (endpoint.isSuspect || ((isOpen || endpoint.inFlight === 0) && sinceMs >= CHECK_EVERY_MS)) {
        void ask(endpoint, probe)
      }
    }
  }

  const timer = setInterval(look, LOOK_EVERY_MS)
  return {
    close() {
      clearInterval(timer)
      closing.abort()
    },
  }
}
