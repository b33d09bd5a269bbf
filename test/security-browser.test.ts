import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium } from './support/browser.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const chromium = findChromium()

/** What a page tries; each attempt says what it got. */
type Attempts = { read: string; subscribe: string; stream: string; frame: string }

/** Runs in the page: everything a page can do to reach `origin`, writes included. */
async function tryEverything(origin: string): Promise<Attempts> {
  const url = `${origin}/graphql`
  const write = (name: string) => `mutation { setTenant(input: { name: "${name}" }) { __typename } }`
  const body = (query: string) => JSON.stringify({ query })
  const ignore = () => {}
  const timed = (work: Promise<string>) =>
    Promise.race([work, new Promise<string>(resolve => setTimeout(resolve, 5_000, 'no answer'))])

  const form = new FormData()
  form.set('operations', body(write('by-multipart')))
  form.set('map', '{}')
  await Promise.all([
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: body(write('by-json')) }).catch(
      ignore,
    ),
    fetch(url, { method: 'POST', mode: 'no-cors', body: body(write('by-text')) }).catch(ignore),
    fetch(url, { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ query: write('by-form') }) }).catch(
      ignore,
    ),
    fetch(url, { method: 'POST', mode: 'no-cors', body: form }).catch(ignore),
    fetch(`${url}?query=${encodeURIComponent(write('by-get'))}`, { mode: 'no-cors' }).catch(ignore),
  ])

  const read = fetch(`${url}?query=${encodeURIComponent('{ viewer { tenant } }')}`)
    .then(response => response.text())
    .catch(() => 'refused')
  const subscribe = new Promise<string>(resolve => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
    socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init' }))
    socket.onmessage = ({ data }) => {
      if (JSON.parse(data).type !== 'connection_ack') return resolve('open')
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: write('by-websocket') } }))
    }
    socket.onerror = () => resolve('refused')
    socket.onclose = () => resolve('refused')
  })
  const stream = new Promise<string>(resolve => {
    const source = new EventSource(`${url}?query=${encodeURIComponent('subscription { events { cursor } }')}`)
    source.onopen = () => resolve('open')
    source.onerror = () => resolve('refused')
  })
  const frame = new Promise<string>(resolve => {
    const element = document.createElement('iframe')
    element.src = url
    element.onload = () => {
      try {
        resolve(element.contentDocument?.title ?? 'refused')
      } catch {
        resolve('refused')
      }
    }
    document.body.append(element)
  })
  return {
    read: await timed(read),
    subscribe: await timed(subscribe),
    stream: await timed(stream),
    frame: await timed(frame),
  }
}

describe.runIf(chromium)('in Chromium', { timeout: 90_000 }, () => {
  let server: TestServer
  let elsewhere: Server
  let browser: Browser
  let page: Page
  let port: number

  beforeAll(async () => {
    elsewhere = createServer((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a page elsewhere</title>')
    })
    await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve))
    port = (elsewhere.address() as AddressInfo).port
    server = await startTestServer({ env: { CORS_ORIGINS: `http://listed.example:${port}` } })
    browser = await launchChromium(chromium ?? '')
    page = await browser.newPage()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    elsewhere?.close()
  })

  /** What the page at `address` gets from the server, and the tenants it could write. */
  async function attack(address: string): Promise<Attempts & { written: string[] }> {
    await server.db.query(`delete from tenant where name like 'by-%'`)
    await page.goto(address)
    const attempts = await page.evaluate(tryEverything, server.origin)
    const { rows } = await server.db.query<{ name: string }>(
      `select name from tenant where name like 'by-%' order by name`,
    )
    return { ...attempts, written: rows.map(row => row.name) }
  }

  it('its own page reads, writes and subscribes', async () => {
    expect(await attack(`${server.origin}/health/live`)).toEqual({
      read: '{"data":{"viewer":{"tenant":"default"}}}',
      subscribe: 'open',
      stream: 'open',
      frame: 'refused',
      written: ['by-form', 'by-json', 'by-multipart', 'by-websocket'],
    })
  })

  it('a listed page reads, writes and subscribes', async () => {
    const { frame, ...rest } = await attack(`http://listed.example:${port}/`)
    expect(frame).toBe('refused')
    expect(rest).toMatchObject({ read: '{"data":{"viewer":{"tenant":"default"}}}', subscribe: 'open', stream: 'open' })
    expect(rest.written).toContain('by-json')
  })

  it.each(['evil.example', 'localhost', '127.0.0.1'])(
    'a page of http://%s on another port can do nothing',
    async host => {
      expect(await attack(`http://${host}:${port}/`)).toEqual({
        read: 'refused',
        subscribe: 'refused',
        stream: 'refused',
        frame: 'refused',
        written: [],
      })
    },
  )

  it("a name of the attacker's that leads to the server is answered with 403", async () => {
    const response = await page.goto(`http://rebound.example:${server.port}/graphql`)
    expect(response?.status()).toBe(403)
    const direct = `http://rebound.example:${server.port}`
    const read = await page.evaluate(async origin => {
      const answer = await fetch(`${origin}/graphql?query=%7Bviewer%7Btenant%7D%7D`)
      return [answer.status, await answer.text()]
    }, direct)
    expect(read).toEqual([403, expect.not.stringContaining('default')])
  })
})
