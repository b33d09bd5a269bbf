import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/**
 * What a fake does with one call. `breakOff`: it does its part and answers, and the connection ends in the middle of the
 * body. `delayMs`: a fixed time or a random one within the range, in milliseconds.
 */
export type FakeBehavior = {
  does: 'answer' | 'refuse' | 'breakOff' | 'nonsense' | 'hang'
  delayMs?: number | readonly [number, number]
  /** For `refuse`. */
  status?: number
  headers?: Record<string, string>
  body?: string
}

/** Makes the JSON body of a good answer from a request's bytes; throws FakeRefusal for an answer of another status. */
export type FakeAnswer = (request: IncomingMessage, body: Buffer) => unknown

/** What the server itself finds wrong with a request: its status and its JSON body. */
export class FakeRefusal extends Error {
  readonly status: number
  readonly body: unknown
  constructor(status: number, body: unknown) {
    super(`refused with ${status}`)
    this.status = status
    this.body = body
  }
}

/** A model server on a free port of this machine. It counts a call from its arrival until its socket is done with it. */
export type FakeModelServer = {
  /** Ends in the server's base path. */
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
 * A node:http server that answers POST {base}{path} by `posts` after the chosen delay, and GET by `gets` at once; both are
 * keyed by path, with `gets` from the root and {base}/models known to all. `random` gives 0 to 1 for delays.
 */
export async function startFakeModelServer(options: {
  posts: Readonly<Record<string, FakeAnswer>>
  gets?: Readonly<Record<string, FakeAnswer>>
  /** Default: a free one. */
  port?: number
  /** Default /v1. */
  base?: string
  behavior?: FakeBehavior
  random?: () => number
}): Promise<FakeModelServer> {
  const { posts, base = '/v1', random = Math.random } = options
  const gets: Record<string, FakeAnswer> = { [`${base}/models`]: () => ({ data: [] }), ...options.gets }
  let usual: FakeBehavior = options.behavior ?? { does: 'answer' }
  let next: FakeBehavior[] = []
  const count = { calls: 0, inFlight: 0, maxInFlight: 0, aborted: 0 }

  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const get = request.method === 'GET' ? gets[path] : undefined
    if (get) return void reply(request, response, get)
    const post = request.method === 'POST' && path.startsWith(base) ? posts[path.slice(base.length)] : undefined
    if (!post) return sendJson(response, 404, { detail: 'Not Found' })
    const behavior = next.shift() ?? usual
    count.calls++
    count.inFlight++
    count.maxInFlight = Math.max(count.maxInFlight, count.inFlight)
    response.once('close', () => {
      count.inFlight--
      if (!response.writableFinished) count.aborted++
    })
    serve(request, response, { behavior, post }).catch(() => response.destroy())
  })

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    { behavior, post }: { behavior: FakeBehavior; post: FakeAnswer },
  ): Promise<void> {
    const body = await buffer(request)
    await pause(response, behavior.delayMs ?? 0)
    if (response.destroyed) return
    if (!misbehave(response, behavior)) await reply(request, response, post, body)
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

  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has an address of this form
  return {
    url: `http://127.0.0.1:${port}${base}`,
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

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: FakeAnswer,
  body: Buffer = Buffer.alloc(0),
): Promise<void> {
  try {
    sendJson(response, 200, await answer(request, body))
  } catch (error) {
    if (error instanceof FakeRefusal) sendJson(response, error.status, error.body)
    else response.destroy()
  }
}

/** Does to one call what is asked, unless that is to answer it, whole or not: false then. */
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
      hangUpInBody(response)
      return false
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

// Destroyed at once, a response would lose what it was given but had not sent yet, headers and all.
function hangUpInBody(response: ServerResponse): void {
  response.end = (body?: unknown) => {
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0)
    response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy())
    return response
  }
}

/** Answers with a JSON body. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
