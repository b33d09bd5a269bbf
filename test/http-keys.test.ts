import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { sql } from '../src/sql.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { revokeApiKey } from '../src/tenancy/revoke-api-key.ts'
import { readSse, type SseEvent } from './support/read-sse.ts'
import { adminKey, startTestServer, type TestServer } from './support/server.ts'
import { until, within } from './support/until.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ auth: 'keys' })
})
afterAll(() => server.close())

const introspection = '{ __schema { queryType { name } } }'
const follows = ['subscription { events { cursor } }', 'subscription { trajectoryFinished { cursor } }']

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers }
  return fetch(server.url, { method: 'POST', headers: all, body: JSON.stringify(body) })
}

/** Opens a connection with these parameters; resolves with its close code, or `open` when it is acknowledged. */
function connect(options: { params?: Record<string, unknown>; header?: string }): Promise<number | 'open'> {
  const socket = new WebSocket(server.webSocketUrl, 'graphql-transport-ws', {
    ...(options.header && { headers: { authorization: options.header } }),
  })
  return within(
    'the connection is answered',
    new Promise((resolve, reject) => {
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: options.params })))
      socket.on('message', () => {
        resolve('open')
        socket.terminate()
      })
      socket.on('close', code => resolve(code))
      socket.on('error', reject)
    }),
  )
}

async function revoke(id: string): Promise<void> {
  await revokeApiKey(server.db, await loadLocalCaller(server.db), id)
}

const expire = (id: string) =>
  server.db.query(sql`update api_key set expires_at = now() - interval '1 s' where id = ${id}::uuid`)

describe('a caller without a valid key', () => {
  it.each([
    ['no header', {}],
    ['an unknown key', { authorization: 'Bearer pnt_unknown' }],
    ['another scheme', { authorization: `Basic ${adminKey}` }],
    ['a key without a scheme', { authorization: adminKey }],
    ['an empty key', { authorization: 'Bearer ' }],
  ])('with %s gets 401 for everything, introspection too', async (_what, headers) => {
    for (const query of ['{ __typename }', introspection, 'nonsense {', 'mutation { __typename }']) {
      const response = await post({ query }, headers as Record<string, string>)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(await response.json()).toEqual({
        errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
      })
    }
  })

  it('is refused before a body is read, whatever its type and method', async () => {
    const form = new FormData()
    form.set('operations', '{"query":"{ __typename }"}')
    form.set('map', '{}')
    for (const init of [{ method: 'POST', body: form }, { method: 'GET' }, { method: 'PUT', body: 'x' }]) {
      const response = await fetch(`${server.url}?query=${encodeURIComponent(introspection)}`, init)
      expect(response.status).toBe(401)
    }
  })

  it('gets GraphiQL, which has a place for the key, and health', async () => {
    const page = await fetch(server.url, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Pentimento')
    expect((await fetch(`${server.origin}/health/live`)).status).toBe(200)
    expect((await fetch(`${server.origin}/health/ready`)).status).toBe(200)
  })

  it('gets no metrics', async () => {
    expect((await fetch(`${server.origin}/metrics`)).status).toBe(401)
    const { secret } = await server.createKey('metrics', 'ADMIN')
    const asAdmin = await fetch(`${server.origin}/metrics`, { headers: { authorization: `Bearer ${secret}` } })
    expect(asAdmin.status).toBe(403)
  })

  it('is refused at WebSocket connect with 4403', async () => {
    expect(await connect({})).toBe(4403)
    expect(await connect({ params: { authorization: 'Bearer wrong' } })).toBe(4403)
    expect(await connect({ params: { apiKey: 'wrong' } })).toBe(4403)
    expect(await connect({ header: 'Bearer wrong', params: { apiKey: adminKey } })).toBe(4403)
  })
})

describe('a caller with a key', () => {
  it('is its tenant and role', async () => {
    const { secret } = await server.createKey('who', 'READ')
    const answer = await server.query('{ viewer { tenant role } }', {}, secret)
    expect(answer).toEqual({ data: { viewer: { tenant: 'who', role: 'READ' } } })
  })

  it.each([
    ['authorization', { params: { authorization: `Bearer ${adminKey}` } }],
    ['Authorization', { params: { Authorization: `bearer ${adminKey}` } }],
    ['apiKey', { params: { apiKey: adminKey } }],
    ["the request's own header", { header: `Bearer ${adminKey}` }],
  ])('may open a WebSocket with %s', async (_how, options) => {
    expect(await connect(options)).toBe('open')
  })

  it('has its use noted', async () => {
    const { id, secret } = await server.createKey('used', 'READ')
    await server.query('{ __typename }', {}, secret)
    await until('the use is noted', async () => {
      const { rows } = await server.db.query<{ at: Date | null }>(sql`
        select last_used_at as at from api_key where id = ${id}::uuid`)
      return rows[0]?.at
    })
  })
})

describe.each([
  ['revoked', revoke],
  ['expired', expire],
] as const)('a key that is %s', (_how, end) => {
  it('opens nothing within 5 s', async () => {
    const { id, secret } = await server.createKey('ended', 'READ')
    const status = async () => (await post({ query: '{ __typename }' }, { authorization: `Bearer ${secret}` })).status
    expect(await status()).toBe(200)
    await end(id)
    await until('the key is refused', async () => (await status()) === 401, 5_000)
  })

  it.each(follows)('ends its %s over WebSocket with 4403 within 5 s', async follow => {
    const { id, secret } = await server.createKey('ended', 'READ')
    let closed: unknown
    const client = createClient({
      url: server.webSocketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { apiKey: secret },
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => {},
      on: { closed: event => (closed = event) },
    })
    const connected = new Promise(resolve => client.on('connected', resolve))
    await within('the client connects', connected)
    const ended = new Promise<unknown>(resolve =>
      client.subscribe({ query: follow }, { next: () => {}, complete: () => resolve('complete'), error: resolve }),
    )
    await until('it follows', () => server.deps.feed.countFollowers().ofTenants > 0)
    await end(id)
    expect(await within('the subscription ends', ended, 5_000)).toMatchObject({ code: 4403 })
    expect(closed).toMatchObject({ code: 4403 })
    await until('nothing is followed', () => server.deps.feed.countFollowers().ofTenants === 0)
  })

  it.each(follows)('ends its %s over SSE with an error event within 5 s', async follow => {
    const { id, secret } = await server.createKey('ended', 'READ')
    const response = await post({ query: follow }, { accept: 'text/event-stream', authorization: `Bearer ${secret}` })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const events: SseEvent[] = []
    const ended = readSse(response, event => events.push(event))
    await until('it follows', () => server.deps.feed.countFollowers().ofTenants > 0)
    await end(id)
    await within('the stream ends', ended, 5_000)
    expect(events.map(event => event.event)).toEqual(['next', 'complete'])
    expect(JSON.parse(events[0]?.data ?? '')).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
    })
    await until('nothing is followed', () => server.deps.feed.countFollowers().ofTenants === 0)
  })
})
