import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { readSse, type SseEvent } from './support/read-sse.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until, within } from './support/until.ts'

const follow = 'subscription { events { cursor } }'

describe('a server that stops', () => {
  let server: TestServer
  const events: SseEvent[] = []
  let sse: Promise<void>
  let socket: WebSocket
  const messages: string[] = []

  beforeAll(async () => {
    server = await startTestServer()
    const headers = { ...server.headers, accept: 'text/event-stream' }
    const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query: follow }) })
    sse = readSse(response, event => events.push(event))
    socket = new WebSocket(server.webSocketUrl, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.on('message', data => messages.push(JSON.parse(String(data)).type))
    socket.send(JSON.stringify({ type: 'connection_init' }))
    await until('the connection is acknowledged', () => messages.length > 0)
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: follow } }))
    await until('both follow', () => server.deps.feed.countFollowers().ofTenants === 2)
  })

  it('ends its streams so that no reader takes that for the end of what it follows, within 2 s', async () => {
    const closed = once(socket, 'close')
    const idle = connect(server.port, '127.0.0.1')
    await once(idle, 'connect')
    const startedAt = performance.now()
    await within('it has stopped', server.close(), 5_000)
    expect(performance.now() - startedAt).toBeLessThan(2_000)

    await within('the stream ends', sse)
    expect(events.map(({ event }) => event)).toEqual(['next', 'complete'])
    expect(JSON.parse(events[0]?.data ?? '')).toMatchObject({ errors: [{ extensions: { code: 'SERVER_STOPPING' } }] })
    const [code] = await within('the socket closes', closed)
    expect(code).toBe(1001)
    expect(messages).toEqual(['connection_ack'])
    idle.destroy()
  })

  it('takes no new connections', async () => {
    await expect(fetch(`${server.origin}/health/live`)).rejects.toThrow()
  })
})

describe('a request that runs when the server stops', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  it('is answered', async () => {
    const blocker = await server.db.pool.connect()
    await blocker.query('begin')
    await blocker.query('lock table tenant in access exclusive mode')
    const answer = server.query('mutation { setTenant(input: { name: "late" }) { __typename } }')
    await until('it waits', async () => {
      const { rows } = await server.db.query(`select from pg_stat_activity where wait_event_type = 'Lock'`)
      return rows.length > 0
    })
    const stopped = server.close()
    await blocker.query('rollback')
    blocker.release()
    expect(await answer).toEqual({ data: { setTenant: { __typename: 'SetTenantSuccess' } } })
    await stopped
  })
})
