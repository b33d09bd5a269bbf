import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConnection } from '../src/postgres/connection-file.ts'
import { type ServerProcess, startProcess } from './support/server-process.ts'
import { until, within } from './support/until.ts'

const script = 'src/server.ts'

/** Whether nobody listens where this URL points. */
const isRefused = (url: string) =>
  new Promise<boolean>(resolve => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const tell = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('error', () => tell(true)).once('connect', () => tell(false))
  })
const lines = (text: string) => text.split('\n').filter(Boolean)

async function query(url: string, text: string, secret?: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(secret && { authorization: `Bearer ${secret}` }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text }) })
  return response.json()
}

describe('a server that cannot start', () => {
  let dataDir: string
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'pentimento-process-'))
  })
  afterAll(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20 }))

  it('tells all problems of its configuration and ends with 1', async () => {
    const server = startProcess(script, { PORT: 'none', AUTH: 'maybe' })
    expect(await server.end()).toEqual({ code: 1, signal: null })
    expect(server.stdout()).toBe('')
    expect(lines(server.stderr())).toEqual([
      'The configuration is not usable:',
      '  - PORT: must be a number from 0 to 65535',
      '  - AUTH: must be off or keys',
    ])
  })

  it('tells that its port is in use before it starts anything', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const server = startProcess(script, { PORT: String(port), DATA_DIR: join(dataDir, 'unused') })
    expect(await server.end()).toEqual({ code: 1, signal: null })
    expect(server.stderr()).toMatch(new RegExp(`The port ${port} on 127\\.0\\.0\\.1 is in use: set PORT`))
    await expect(readFile(join(dataDir, 'unused', 'postgres.log'))).rejects.toThrow('ENOENT')
    taken.close()
  })

  it('without workers and without a server to attach to names the ways out', async () => {
    const server = startProcess(script, { PORT: '0', DATA_DIR: dataDir }, ['--no-workers'])
    expect(await server.end()).toEqual({ code: 1, signal: null })
    expect(server.stderr()).toMatch(/npm start.*DATABASE_URL/)
  })
})

describe('npm start', { timeout: 120_000 }, () => {
  let dataDir: string
  let server: ServerProcess
  let url: string
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'pentimento-process-'))
    server = startProcess(script, { PORT: '0', DATA_DIR: dataDir, AUTH: 'keys' })
    url = await server.ready(60_000)
  }, 90_000)
  afterAll(async () => {
    await server.end('SIGKILL')
    // Its PostgreSQL, which ends by itself then, may still be writing.
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 })
  })

  const firstKey = (of: ServerProcess) => /shown only this once: (\S+)/.exec(of.stdout())?.[1]

  it('prints the first key, then one line with its URL, when its fleet is registered', async () => {
    expect(lines(server.stdout())).toEqual([
      expect.stringMatching(/^The first OPERATOR key, shown only this once: pnt_\S+$/),
      expect.stringMatching(/^Pentimento is ready at http:\/\/127\.0\.0\.1:\d+\/graphql$/),
    ])
    expect(await query(url, '{ viewer { role } models { id isAvailable } }', firstKey(server))).toMatchObject({
      data: {
        viewer: { role: 'OPERATOR' },
        models: expect.arrayContaining([
          { id: 'builtin-retouch', isAvailable: true },
          { id: 'builtin-critic', isAvailable: true },
        ]),
      },
    })
  })

  // The test runner and Node may load different copies of a library: these checks are of what Node loads.
  it.each([
    ['{ viewr { role } }', 'Cannot query field "viewr" on type "Query".'],
    ['{ viewer {', 'Syntax Error: Expected Name, found <EOF>.'],
    [`{ ${'viewer { role } '.repeat(2_000)} }`, expect.stringMatching(/3000 tokens/)],
    [
      `{ viewer { ...F } } fragment F on Viewer { ${'role @skip(if: false) '.repeat(26)} }`,
      expect.stringMatching(/Directives limit of 25/),
    ],
  ])('answers %.30s with what is wrong', async (text, message) => {
    expect(await query(url, text, firstKey(server))).toMatchObject({ errors: [{ message }] })
  })

  it('lets an API process attach to its database, with the same keys', async () => {
    const api = startProcess(script, { PORT: '0', DATA_DIR: dataDir, AUTH: 'keys' }, ['--no-workers'])
    const attached = await api.ready()
    expect(attached).not.toBe(url)
    expect(await query(attached, '{ viewer { role } }', firstKey(server))).toEqual({
      data: { viewer: { role: 'OPERATOR' } },
    })
    expect(await api.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(lines(api.stdout())).toHaveLength(1)
  })

  it('ends with 0 at SIGTERM and takes its Postgres along', async () => {
    const database = await readConnection(dataDir)
    expect(await within('it ends', server.end('SIGTERM'), 15_000)).toEqual({ code: 0, signal: null })
    expect(await isRefused(`http://127.0.0.1:${database?.port}`)).toBe(true)
  })

  it('starts again on the same data with the same key, and tells it no more', async () => {
    const key = firstKey(server)
    const again = startProcess(script, { PORT: '0', DATA_DIR: dataDir, AUTH: 'keys' })
    const address = await again.ready(60_000)
    expect(lines(again.stdout())).toHaveLength(1)
    expect(await query(address, '{ viewer { role } }', key)).toEqual({ data: { viewer: { role: 'OPERATOR' } } })

    // A request that never ends holds the drain up, so that there is something to cut short.
    const socket = connect(Number(new URL(address).port), '127.0.0.1').on('error', () => {})
    socket.write('POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n')
    await until('it is being received', () => socket.bytesWritten > 0)
    again.child.kill('SIGINT')
    // Two signals that wait at once may come in any order, so the second is sent when the first was heard.
    await until('it drains', () => isRefused(address))
    const startedAt = performance.now()
    expect(await again.end('SIGTERM')).toEqual({ code: 143, signal: null })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    socket.destroy()
  })
})
