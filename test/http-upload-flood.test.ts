import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type ServerProcess, startProcess } from './support/server-process.ts'

const FILE_BYTES = 2_000_000_000
const UPLOADS = 50
const UNANNOUNCED = 10
const MEGABYTE = 1_000_000

let database: TestDatabase
let server: ServerProcess
let directory: string
let port: number

beforeAll(async () => {
  database = await createTestDatabase()
  directory = await mkdtemp(join(tmpdir(), 'pentimento-flood-'))
  const env = { PORT: '0', AUTH: 'off', DATA_DIR: directory, DATABASE_URL: database.url, TMPDIR: directory }
  server = startProcess('src/server.ts', env, ['--no-workers'])
  port = Number(new URL(await server.ready()).port)
})
afterAll(async () => {
  await server.end('SIGKILL')
  await database.drop()
  await rm(directory, { recursive: true, force: true })
})

/** A number of bytes from the process's status: `VmRSS` is now, `VmHWM` the most there ever was. */
async function memory(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
}

const boundary = 'a-boundary'
const query = `mutation ($file: File!) { uploadImage(file: $file) { __typename ... on ImageTooLargeError { maxBytes } } }`
const part = (name: string, value: string, more = '') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}`
const head =
  part('operations', `${JSON.stringify({ query, variables: { file: null } })}\r\n`) +
  part('map', `${JSON.stringify({ 0: ['variables.file'] })}\r\n`) +
  part('0', '', '; filename="large.png"')
const piece = Buffer.alloc(64 * 1024, 7)
const framedPiece = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])

/** Sends 2 GB as fast as they are taken, until the server ends the connection. */
function upload(isAnnounced: boolean): Promise<{ answer: string; sent: number }> {
  const socket = connect(port, '127.0.0.1')
  let [answer, sent] = ['', 0]
  const next = isAnnounced ? piece : framedPiece
  const pump = () => {
    while (socket.writable && sent < FILE_BYTES) {
      sent += piece.length
      if (!socket.write(next)) return
    }
  }
  const length = isAnnounced ? `content-length: ${FILE_BYTES}` : 'transfer-encoding: chunked'
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n${length}\r\ncontent-type: multipart/form-data; boundary=${boundary}\r\n\r\n`,
  )
  socket.write(isAnnounced ? head : `${Buffer.byteLength(head).toString(16)}\r\n${head}\r\n`)
  pump()
  return new Promise(resolve => {
    socket.on('drain', pump)
    socket.on('data', data => (answer += data))
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => resolve({ answer, sent }))
  })
}

// Memory is read from /proc, which other systems lack.
describe.runIf(process.platform === 'linux')('50 uploads of 2 GB at once (on Linux, for its /proc)', () => {
  it('are refused while they stream, and memory grows by less than 200 MB', { timeout: 120_000 }, async () => {
    await fetch(`http://127.0.0.1:${port}/graphql?query=%7B__typename%7D`)
    const before = await memory('VmRSS')
    const results = await Promise.all(Array.from({ length: UPLOADS }, (_, index) => upload(index >= UNANNOUNCED)))
    const grown = (await memory('VmHWM')) - before

    for (const { answer } of results) {
      expect(answer).toMatch(/^HTTP\/1\.1 413 /)
      expect(answer).toContain('"ImageTooLargeError","maxBytes":50000000')
    }
    const sent = results.reduce((sum, result) => sum + result.sent, 0)
    expect(sent).toBeLessThan((UPLOADS * FILE_BYTES) / 10)
    expect(grown / MEGABYTE).toBeLessThan(200)
  })
})
