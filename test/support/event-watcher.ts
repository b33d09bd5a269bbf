import { setTimeout as sleep } from 'node:timers/promises'
import { openStream, type Transport } from './open-stream.ts'

type Data = Record<string, unknown>

export type WatchPlan<Cursor> = {
  query: string
  variables: Record<string, unknown>
  /** Where to begin, and where a result leaves off. */
  after: Cursor
  cursorOf(data: Data): Cursor
  transport: Transport
  /** Changes the transport with each connection. */
  isSwitching: boolean
  /** The server for the next connection. */
  pickServer(): string
  /** After how many results the next connection is cut. */
  nextCut(): number
  onResult?(data: Data): void
  /** For a stream that does not complete: whether this was the last wanted result. */
  isLast?(data: Data): boolean
}

export type Watched = {
  received: Data[]
  /** Connections that the watcher cut, and those that broke by themselves. */
  cuts: number
  losses: number
  transports: Set<Transport>
  /** The server it is connected to now. */
  server: string | null
}

/**
 * Follows a subscription to its end, over as many connections as it takes: each is cut after some results and the next
 * goes on after the last cursor. `state` is what it has met so far, also while it runs.
 */
export function watchEvents<Cursor>(plan: WatchPlan<Cursor>): { state: Watched; done: Promise<Watched> } {
  const state: Watched = { received: [], cuts: 0, losses: 0, transports: new Set(), server: null }
  let cursor = plan.after
  let { transport } = plan

  /** True: the stream is over. */
  async function readOnce(): Promise<boolean> {
    state.server = plan.pickServer()
    state.transports.add(transport)
    const request = { query: plan.query, variables: { ...plan.variables, after: cursor } }
    const stream = openStream(transport, state.server, request)
    let left = plan.nextCut()
    for await (const { data, errors } of stream.results) {
      if (errors || !data) throw new RefusedError(JSON.stringify(errors))
      state.received.push(data)
      cursor = plan.cursorOf(data)
      plan.onResult?.(data)
      const isLast = plan.isLast?.(data) ?? false
      if (!isLast && --left > 0) continue
      stream.cut()
      if (!isLast) state.cuts++
      return isLast
    }
    return true
  }

  async function follow(): Promise<Watched> {
    for (;;) {
      try {
        if (await readOnce()) return state
      } catch (error) {
        if (error instanceof RefusedError) throw error
        state.losses++
        await sleep(20) // its server is gone
      }
      if (plan.isSwitching) transport = transport === 'sse' ? 'websocket' : 'sse'
    }
  }

  return { state, done: follow() }
}

class RefusedError extends Error {
  override readonly name = 'RefusedError'
}
