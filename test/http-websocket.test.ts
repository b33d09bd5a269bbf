import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { operationLimits } from '../schema/http/limits.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until, untilSteady, within } from './support/until.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

type Message = { type: string; id?: string; payload?: unknown }

/** A bare connection: what it got, and how it was closed. */
async function open(protocols = ['graphql-transport-ws']) {
  const socket = new WebSocket(server.webSocketUrl, protocols)
  const messages: Message[] = []
  socket.on('message', data => messages.push(JSON.parse(String(data))))
  socket.on('error', () => {}) // 'close' follows
  const closed = once(socket, 'close').then(([code]) => Number(code))
  await Promise.race([once(socket, 'open'), closed])
  const send = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  return {
    socket,
    messages,
    send,
    closedWith: () => within('the server closes the connection', closed, 8_000),
    /** All messages of one operation, once it is complete. */
    async run(id: string, query: string, variables?: Record<string, unknown>): Promise<Message[]> {
      send({ type: 'subscribe', id, payload: { query, variables } })
      const own = () => messages.filter(message => message.id === id)
      await until(`${id} is answered`, () => own().some(({ type }) => type === 'complete' || type === 'error'))
      return own()
    },
  }
}

async function connect() {
  const connection = await open()
  connection.send({ type: 'connection_init' })
  await until('the connection is acknowledged', () => connection.messages.some(({ type }) => type === 'connection_ack'))
  return connection
}

describe('a connection is closed', () => {
  it('with 4406 without its protocol', async () => {
    expect(await (await open([])).closedWith()).toBe(4406)
  })

  it('with 4400 for what is no message', async () => {
    for (const text of ['no JSON', '{"type":"nonsense"}', '[]', '{"type":"subscribe"}']) {
      const connection = await connect()
      connection.send(text)
      expect(await connection.closedWith()).toBe(4400)
    }
  })

  it('with 4401 for an operation before the acknowledgement', async () => {
    const connection = await open()
    connection.send({ type: 'subscribe', id: '1', payload: { query: '{ __typename }' } })
    expect(await connection.closedWith()).toBe(4401)
  })

  it('with 4408 when it is never initialised', async () => {
    expect(await (await open()).closedWith()).toBe(4408)
  })

  it('with 4429 when it is initialised twice', async () => {
    const connection = await connect()
    connection.send({ type: 'connection_init' })
    expect(await connection.closedWith()).toBe(4429)
  })

  it('with 4409 for an id that is in use', async () => {
    const connection = await connect()
    for (const _ of [1, 2]) {
      connection.send({ type: 'subscribe', id: 'same', payload: { query: 'subscription { events { cursor } }' } })
    }
    expect(await connection.closedWith()).toBe(4409)
  })

  it('with 1009 for a message over the limit', async () => {
    const connection = await connect()
    connection.send(' '.repeat(operationLimits.bodyBytes + 1))
    expect(await connection.closedWith()).toBe(1009)
  })

  it('when it asks for another path', async () => {
    const socket = new WebSocket(`${server.webSocketUrl}/elsewhere`, 'graphql-transport-ws')
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(404)
    response.destroy()
  })
})

describe('over a connection', () => {
  it('queries and mutations are answered', async () => {
    const { run, socket } = await connect()
    expect(await run('q', '{ viewer { tenant } }')).toEqual([
      { id: 'q', type: 'next', payload: { data: { viewer: { tenant: 'default' } } } },
      { id: 'q', type: 'complete' },
    ])
    const name = 'made-by-websocket'
    const mutation = 'mutation ($name: String!) { setTenant(input: { name: $name }) { __typename } }'
    expect((await run('m', mutation, { name }))[0]?.payload).toEqual({
      data: { setTenant: { __typename: 'SetTenantSuccess' } },
    })
    socket.terminate()
  })

  it.each([
    ['a syntax error', '{', /^Syntax Error: Expected Name, found <EOF>\.$/],
    ['an unknown field', '{ viewr }', /^Cannot query field "viewr" on type "Query"\.$/],
    ['too much', `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`, /Aliases limit/],
  ])('%s is told and the connection stays', async (_what, query, message) => {
    const { run, socket } = await connect()
    const [answer] = await run('bad', query)
    expect(answer?.type).toBe('error')
    expect(answer?.payload).toMatchObject([{ message: expect.stringMatching(message) }])
    expect(JSON.stringify(answer)).not.toContain('"http"')
    expect((await run('good', '{ __typename }'))[0]?.payload).toEqual({ data: { __typename: 'Query' } })
    socket.terminate()
  })

  it('a subscription that cannot begin gets its error, with a code', async () => {
    const { run, socket } = await connect()
    const [answer] = await run('none', 'subscription { jobEvents(jobId: "nonsense") { seq } }')
    expect(answer).toMatchObject({ type: 'next', payload: { errors: [{ extensions: { code: 'NOT_FOUND' } }] } })
    socket.terminate()
  })

  it('a ping is answered with its own payload', async () => {
    const { messages, send, socket } = await connect()
    send({ type: 'ping', payload: { at: 1 } })
    await until('the pong comes', () => messages.some(({ type }) => type === 'pong'))
    expect(messages.at(-1)).toEqual({ type: 'pong', payload: { at: 1 } })
    socket.terminate()
  })

  it('a peer that asks on without reading gets no more work done, and everything once it reads', async () => {
    const ASKED = 150
    const { messages, send, socket } = await connect()
    const types = 'types { name description fields { name description } }'
    const query = `{ ${[1, 2, 3, 4, 5].map(i => `all${i}: __schema { ${types} }`).join(' ')} }`
    socket.pause()
    // In one packet, so that they are all there before the first answer.
    for (let id = 0; id < ASKED; id++) send({ type: 'subscribe', id: `${id}`, payload: { query } })
    const executed = await untilSteady(async () => {
      const text = await (await fetch(`${server.origin}/metrics`)).text()
      return Number(/operation_duration_seconds_count\{operation="query",outcome="ok"\} (\d+)/.exec(text)?.[1] ?? 0)
    })
    expect(executed).toBeLessThan(ASKED / 2)
    socket.resume()
    const complete = () => messages.filter(({ type }) => type === 'complete').length
    await until('everything is answered', () => complete() === ASKED, 60_000)
    socket.terminate()
  }, 120_000)
})
