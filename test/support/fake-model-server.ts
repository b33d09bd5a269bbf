import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What a fake does with one call. `delayMs`: a fixed time or a random one within the range, in milliseconds. */
export type FakeBehavior = {
  does: 'answer' | 'refuse' | 'breakOff' | 'nonsense' | 'hang'
  delayMs?: number | readonly [number, number]
  /** For `refuse`. */
  status?: number
  headers?: Record<string, string>
  body?: string
}

/** A model server on a free port of this machine. It counts a call from its arrival until its socket is done with it. */
export type FakeModelServer = {
  /** Ends in /v1. */
  readonly url: string
  readonly calls: number
  readonly inFlight: number
  readonly maxInFlight: number
  /** Calls whose caller went away before the answer. */
  readonly aborted: number
  /** From now on, for every call without a behavior of its own. */
  behave(behavior: FakeBehavior): void
  /** For the next calls, one each. */
  behaveNext(...behaviors: FakeBehavior[]): void
  close(): Promise<void>
}

/**
 * A node:http server that answers POST {url}{path} by `answer` (a JSON body made from the request's bytes) after the
 * chosen delay, and GET {url}/models. `random` gives 0 to 1 for delays; default Math.random.
 */
export async function startFakeModelServer(options: {
  path: string
  answer: (request: IncomingMessage, body: Buffer) => Promise<unknown>
  behavior?: FakeBehavior
  random?: () => number
}): Promise<FakeModelServer> {
  const { path, answer, random = Math.random } = options
  let usual: FakeBehavior = options.behavior ?? { does: 'answer' }
  let next: FakeBehavior[] = []
  const count = { calls: 0, inFlight: 0, maxInFlight: 0, aborted: 0 }

  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/v1/models') return sendJson(response, 200, { data: [] })
    if (request.method !== 'POST' || request.url !== `/v1${path}`)
      return sendJson(response, 404, { detail: 'Not Found' })
    const behavior = next.shift() ?? usual
    count.calls++
    count.inFlight++
    count.maxInFlight = Math.max(count.maxInFlight, count.inFlight)
    response.once('close', () => {
      count.inFlight--
      if (!response.writableFinished) count.aborted++
    })
    serve(request, response, behavior).catch(() => response.destroy())
  })

  async function serve(request: IncomingMessage, response: ServerResponse, behavior: FakeBehavior): Promise<void> {
    const body = await buffer(request)
    await pause(response, behavior.delayMs ?? 0)
    if (response.destroyed) return
    if (!misbehave(response, behavior)) sendJson(response, 200, await answer(request, body))
  }

  async function pause(response: ServerResponse, delayMs: number | readonly [number, number]): Promise<void> {
    const ms = typeof delayMs === 'number' ? delayMs : delayMs[0] + random() * (delayMs[1] - delayMs[0])
    if (ms <= 0) return
    const gone = new AbortController()
    const timer = setTimeout(() => gone.abort(), ms)
    response.once('close', () => gone.abort())
    await once(gone.signal, 'abort')
    clearTimeout(timer)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has an address of this form
  return {
    url: `http://127.0.0.1:${port}/v1`,
    get calls() {
      return count.calls
    },
    get inFlight() {
      return count.inFlight
    },
    get maxInFlight() {
      return count.maxInFlight
    },
    get aborted() {
      return count.aborted
    },
    behave(behavior) {
      usual = behavior
    },
    behaveNext(...behaviors) {
      next = [...next, ...behaviors]
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Does to one call what is asked, unless that is to answer it: false then. */
export function misbehave(response: ServerResponse, behavior: FakeBehavior): boolean {
  switch (behavior.does) {
    case 'answer':
      return false
    case 'refuse': {
      const text = behavior.body ?? JSON.stringify({ error: { message: 'secret detail', code: 'nope' } })
      response.writeHead(behavior.status ?? 400, { 'content-type': 'application/json', ...behavior.headers })
      response.end(text)
      return true
    }
    case 'breakOff':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' })
      response.write('{"data":[')
      response.destroy()
      return true
    case 'nonsense':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(behavior.body ?? '<html>not what you think</html>')
      return true
    case 'hang':
      return true
    default:
      return behavior.does satisfies never
  }
}

/** Answers with a JSON body. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
