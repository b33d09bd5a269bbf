import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { EmbeddedPostgresError } from '../src/errors.ts'
import { findRunningPostgres } from '../src/postgres/connection-file.ts'
import { findProcessesIn } from '../src/postgres/process-table.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/postgres/start-embedded-postgres.ts'
import { makeOpenFolder, queryOnce } from './support/embedded-postgres.ts'
import { silentLog as log } from './support/silent-log.ts'

// A first start takes 1 to 2 s; on a machine with other work to do it has taken 20 s.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let dataDir: string
let remove: () => Promise<void>
let server: EmbeddedPostgres

const start = (options: { port?: number; dataDir?: string } = {}) =>
  startEmbeddedPostgres({ dataDir, log, fsync: false, ...options })

const readSystemId = (url: string) => queryOnce(url, 'select system_identifier::text as id from pg_control_system()')

beforeAll(async () => {
  const made = await makeOpenFolder()
  // Longer than a socket's path may be, and with a space.
  dataDir = join(made.folder, `data ${'long'.repeat(30)}`)
  remove = made.remove
})
beforeEach(async () => {
  server = await start()
})
afterEach(() => server.stop())
afterAll(() => remove())

it('makes its cluster once and finds its data again at the same address', async () => {
  await queryOnce(server.url, `create table kept as select 'here' as text`)
  const systemId = await readSystemId(server.url)
  const { url } = server
  await server.stop()
  server = await start()
  expect(server.url).toBe(url)
  expect(await readSystemId(server.url)).toEqual(systemId)
  expect(await queryOnce(server.url, 'select * from kept')).toEqual([{ text: 'here' }])
})

it('speaks UTF-8 and UTC and refuses more power to its role than it needs', async () => {
  const [row] = await queryOnce(
    server.url,
    `select current_setting('server_encoding') as encoding, current_setting('timezone') as zone,
       rolsuper as super, rolcreatedb as createdb, current_database() = current_user as own
     from pg_roles where rolname = current_user`,
  )
  expect(row).toEqual({ encoding: 'UTF8', zone: 'UTC', super: false, createdb: true, own: true })
})

it('refuses a wrong password, an empty one and the superuser', async () => {
  const changes = [
    { password: 'wrong' },
    { password: '' },
    { username: 'postgres' },
    { username: 'postgres', pathname: 'postgres' },
  ]
  const refusals = changes.map(async change => {
    const { href } = Object.assign(new URL(server.url), change)
    return queryOnce(href, 'select 1').then(
      () => 'let in',
      error => error.code ?? error.message,
    )
  })
  expect(await Promise.all(refusals)).toEqual(['28P01', expect.stringMatching(/password/), '28000', '28000'])
})

it('listens on the loopback address alone', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(address => address.family === 'IPv4' && !address.internal)
  for (const { address } of others) {
    const url = Object.assign(new URL(server.url), { hostname: address }).href
    await expect(queryOnce(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  }
  expect(await queryOnce(server.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
})

it('keeps the password where our user alone can read it', async () => {
  const { mode } = await stat(join(dataDir, 'postgres.json'))
  expect((mode & 0o777).toString(8)).toBe('600')
  expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).not.toContain(new URL(server.url).password)
})

it('is found by other processes while it runs, and not after', async () => {
  expect(await findRunningPostgres(dataDir)).toBe(server.url)
  await server.stop()
  expect(await findRunningPostgres(dataDir)).toBeNull()
  expect(await findRunningPostgres(join(dataDir, 'nowhere'))).toBeNull()
})

it('refuses a second start on the same folder, naming the process that has it', async () => {
  const second = start()
  await expect(second).rejects.toBeInstanceOf(EmbeddedPostgresError)
  await expect(second).rejects.toThrow(`Process ${process.pid} already runs PostgreSQL`)
  expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it('is not kept from starting by the lock of a process whose id another one has now', async () => {
  await server.stop()
  await writeFile(join(dataDir, 'postgres.lock'), JSON.stringify({ pid: process.pid, identity: 'before the reboot' }))
  server = await start()
  expect(await findRunningPostgres(dataDir)).toBe(server.url)
})

it('makes a new password and keeps the data when its connection file is lost', async () => {
  await queryOnce(server.url, `create table precious as select 1 as one`)
  const { password } = new URL(server.url)
  await server.stop()
  await rm(join(dataDir, 'postgres.json'))
  server = await start()
  expect(new URL(server.url).password).not.toBe(password)
  expect(await queryOnce(server.url, 'select * from precious')).toEqual([{ one: 1 }])
})

it('says what to do when the connection file has another password', async () => {
  const { url } = server
  await server.stop()
  const path = join(dataDir, 'postgres.json')
  const content = await readFile(path, 'utf8')
  await writeFile(path, JSON.stringify({ url: Object.assign(new URL(url), { password: 'other' }).href }))
  await expect(start()).rejects.toThrow(/refuses the password .*Remove that file/)
  await writeFile(path, content)
  expect(await findProcessesIn(join(dataDir, 'postgres'))).toEqual([])
})

it('leaves no process behind when stopped, however often', async () => {
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
  expect(await findProcessesIn(join(dataDir, 'postgres'))).toEqual([])
})

it('says that a port is taken', async () => {
  const port = Number(new URL(server.url).port)
  const other = await makeOpenFolder()
  await expect(start({ port, dataDir: other.folder })).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken`)
  await other.remove()
})
