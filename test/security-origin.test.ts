import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startTestServer, type TestServer } from './support/server.ts'

let open: TestServer
let keyed: TestServer
beforeAll(async () => {
  const env = { PUBLIC_URL: 'https://images.example.org', CORS_ORIGINS: 'https://app.example.org' }
  open = await startTestServer({ auth: 'off', env })
  keyed = await startTestServer({ auth: 'keys', env })
})
afterAll(async () => {
  await open.close()
  await keyed.close()
})

type Answer = { status: number; headers: Record<string, unknown>; body: string }

const portOf = (server: TestServer) => server.port

/** A request with any headers, Host too; `fetch` would not send some of these. */
function send(port: number, headers: Record<string, string>, options: { method?: string; path?: string } = {}) {
  const { method = 'POST', path = '/graphql' } = options
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { 'content-type': 'application/json', ...headers },
    })
    sent.on('error', reject)
    sent.on('response', response => {
      let body = ''
      response.on('data', chunk => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.end(method === 'POST' ? JSON.stringify({ query: '{ __typename }' }) : undefined)
  })
}

/** The status of a WebSocket upgrade with these headers; 101 where it is accepted. */
function upgrade(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { headers })
    socket.on('open', () => {
      resolve(101)
      socket.terminate()
    })
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    socket.on('error', reject)
  })
}

const accepted: [string, Record<string, string>][] = [
  ['a program, which sends no Origin', {}],
  ['its own page', { host: '127.0.0.1:4000', origin: 'http://127.0.0.1:4000', 'sec-fetch-site': 'same-origin' }],
  ['its own page by another loopback name', { host: 'localhost:4000', origin: 'http://localhost:4000' }],
  ['its own page over IPv6', { host: '[::1]:4000', origin: 'http://[::1]:4000' }],
  ['its public page', { host: 'images.example.org', origin: 'https://images.example.org' }],
  ['a listed page', { origin: 'https://app.example.org', 'sec-fetch-site': 'cross-site' }],
  ['a person who typed the address', { 'sec-fetch-site': 'none' }],
]

const refused: [string, Record<string, string>][] = [
  ['a page elsewhere', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a page that hides its origin', { origin: 'null' }],
  ['a page on another port of this machine', { host: '127.0.0.1:4000', origin: 'http://127.0.0.1:8080' }],
  ['a page whose origin begins like a listed one', { origin: 'https://app.example.org.evil.example' }],
  ['a page of a listed host over http', { origin: 'http://app.example.org' }],
  ['an element of a page elsewhere, which sends no Origin', { 'sec-fetch-site': 'cross-site' }],
  ['a name of the attacker that resolves here', { host: 'evil.example:4000' }],
  ['its page, same-origin by that name', { host: 'evil.example:4000', origin: 'http://evil.example:4000' }],
  ['a name that looks like loopback', { host: '127.0.0.1.evil.example' }],
  ['a Host with user info', { host: 'localhost@evil.example' }],
]

describe('a server that asks for no key', () => {
  it.each(accepted)('serves %s', async (_who, headers) => {
    expect(await send(portOf(open), headers)).toMatchObject({ status: 200, body: '{"data":{"__typename":"Query"}}' })
    expect(await upgrade(portOf(open), headers)).toBe(101)
  })

  it.each(refused)('refuses %s', async (_who, headers) => {
    const answer = await send(portOf(open), headers)
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body).errors[0].extensions.code).toBe('FOREIGN_ORIGIN')
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(await upgrade(portOf(open), headers)).toBe(403)
  })

  it.each(['/graphql?query=%7B__typename%7D', '/metrics', '/health/ready', '/nowhere'])(
    'guards GET %s too',
    async path => {
      const elsewhere = { origin: 'https://evil.example' }
      expect(await send(portOf(open), elsewhere, { method: 'GET', path })).toMatchObject({ status: 403 })
    },
  )

  it('lets pages elsewhere show a picture they have the link of', async () => {
    const elsewhere = { host: 'evil.example', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const answer = await send(portOf(open), elsewhere, { method: 'GET', path: '/images/unsigned' })
    expect(answer).toMatchObject({ status: 403, body: 'This link was altered or is not ours.\n' })
  })
})

describe('a server that asks for keys', () => {
  it('looks at the key, not at the origin, but lets only listed pages read', async () => {
    const headers = { ...keyed.headers, origin: 'https://elsewhere.example', host: 'any.example' }
    const answer = await send(portOf(keyed), headers)
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('refuses a Host that is none', async () => {
    expect(await send(portOf(keyed), { ...keyed.headers, host: 'a b' })).toMatchObject({ status: 403 })
  })
})

describe.each([
  ['off', () => open],
  ['keys', () => keyed],
] as const)('CORS with AUTH=%s', (_auth, server) => {
  const preflight = (origin: string) =>
    send(
      portOf(server()),
      {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
      { method: 'OPTIONS' },
    )

  it('lets a listed page ask and read', async () => {
    const answer = await preflight('https://app.example.org')
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.org',
      'access-control-allow-headers': 'authorization,content-type',
      vary: 'origin',
    })
    const read = await send(portOf(server()), { ...server().headers, origin: 'https://app.example.org' })
    expect(read.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example.org', vary: 'origin' })
  })

  it('gives others no permission', async () => {
    const answer = await preflight('https://evil.example')
    expect(answer.status).toBe(403)
    expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([])
  })
})
