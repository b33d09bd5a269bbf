import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { connectDb } from '../src/db.ts'
import { connectListener } from '../src/listener.ts'
import { findRunningPostgres } from '../src/postgres/connection-file.ts'
import { findProcessesIn, identifyProcess } from '../src/postgres/process-table.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/postgres/start-embedded-postgres.ts'
import {
  kill,
  makeOpenFolder,
  queryOnce,
  readPostmasterPid,
  spawnPostgres,
  untilNoPostgres,
} from './support/embedded-postgres.ts'
import { silentLog as log } from './support/silent-log.ts'
import { until, within } from './support/until.ts'

const RESTART_LIMIT_MS = 2_000

// A first start takes 1 to 2 s; on a machine with other work to do it has taken 20 s.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

let dataDir: string
let remove: () => Promise<void>
let server: EmbeddedPostgres | undefined
const cleanups: (() => Promise<void>)[] = []

const start = () => startEmbeddedPostgres({ dataDir, log, fsync: false })

beforeEach(async () => {
  const made = await makeOpenFolder()
  dataDir = made.folder
  remove = made.remove
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
  await server?.stop()
  server = undefined
  await remove()
})

it('comes back by itself when it is killed, while a pool and a listener go on', async () => {
  server = await start()
  const { url } = server
  const db = connectDb({ url, log })
  cleanups.push(() => db.close())
  const heard: string[] = []
  let reconnects = 0
  const listener = await connectListener({
    url,
    channels: ['news'],
    onNotification: (_channel, payload) => heard.push(payload),
    onReconnect: () => reconnects++,
    log,
  })
  cleanups.push(() => listener.close())
  await db.query('create table kept as select 1 as one')
  const running = db.query('select pg_sleep(60)').catch(error => error)
  const took: number[] = []
  for (const round of [1, 2, 3]) {
    const killedAt = Date.now()
    process.kill(await readPostmasterPid(dataDir), 'SIGKILL')
    await until('the pool reaches it again', () => db.query('select from kept').catch(() => null))
    took.push(Date.now() - killedAt)
    await until('the listener has reconnected', () => reconnects === round)
    await db.query(`select pg_notify('news', $1)`, [String(round)])
    await until('the news is heard', () => heard.length === round)
  }
  expect(await running).toBeInstanceOf(Error)
  expect(heard).toEqual(['1', '2', '3'])
  expect((await db.query('select * from kept')).rows).toEqual([{ one: 1 }])
  // The quickest, because the machine may have other work to do.
  expect(Math.min(...took)).toBeLessThan(RESTART_LIMIT_MS)
})

it('comes back when every process of it and its watchdog are killed at once', async () => {
  server = await start()
  const pid = await readPostmasterPid(dataDir)
  const parent = Number((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[1])
  for (const one of [parent, ...(await findProcessesIn(join(dataDir, 'postgres')))]) process.kill(one, 'SIGKILL')
  const { url } = server
  const rows = await until('it is back', () => queryOnce(url, 'select 1 as one').catch(() => null))
  expect(rows).toEqual([{ one: 1 }])
})

it.each([
  ['as it has died', async () => {}],
  ['as it is being started again', () => until('its traces are cleared', async () => !(await hasPidFile()))],
  ['as it comes up', () => until('the next one starts', async () => (await readPid()) !== diedPid)],
])('stops for good when it is told to %s', async (_moment, untilMoment) => {
  server = await start()
  diedPid = await readPid()
  process.kill(diedPid, 'SIGKILL')
  await untilMoment()
  await within('it stops', server.stop(), 30_000)
  await untilNoPostgres(dataDir)
  expect(await findRunningPostgres(dataDir)).toBeNull()
})

let diedPid = 0
const readPid = () => readPostmasterPid(dataDir).catch(() => diedPid)
const hasPidFile = async () => (await readdir(join(dataDir, 'postgres'))).includes('postmaster.pid')

it('leaves no postgres behind when our process is killed, and starts again after with every committed row', async () => {
  const { child, answer } = spawnPostgres(dataDir)
  cleanups.push(() => kill(child))
  const url = (await answer).replace(/^ready /, '')
  await queryOnce(url, 'create table kept as select generate_series(1, 1000) as id')
  expect(await findRunningPostgres(dataDir)).toBe(url)
  expect((await findProcessesIn(join(dataDir, 'postgres'))).length).toBeGreaterThan(3)
  await kill(child)
  await untilNoPostgres(dataDir)
  server = await start()
  expect(server.url).toBe(url)
  expect(await queryOnce(url, 'select count(*)::int4 from kept')).toEqual([{ count: 1000 }])
})

it('starts at once after our process was killed, though the old server is still ending', async () => {
  const { child, answer } = spawnPostgres(dataDir)
  cleanups.push(() => kill(child))
  await answer
  await kill(child)
  server = await start()
  expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

it.each([
  'postgres.lock', // before anything else is there
  'postgres.init-', // while the cluster is made
  'postgres', // when the cluster is there
  'postgres.log', // while the server starts
])('leaves no postgres behind and starts again when our process is killed as soon as there is a %s', async prefix => {
  const { child } = spawnPostgres(dataDir)
  cleanups.push(() => kill(child))
  const isReached = async () =>
    (await readdir(dataDir)).some(name => name === prefix || (/-$/.test(prefix) && name.startsWith(prefix)))
  await until('it has come so far', isReached, 60_000)
  await kill(child)
  await until('nothing runs there', async () => {
    const names = (await readdir(dataDir)).filter(name => /^postgres($|\.init-)/.test(name))
    const running = await Promise.all(names.map(name => findProcessesIn(join(dataDir, name))))
    return running.flat().length === 0
  })
  server = await start()
  expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await readdir(dataDir)).filter(name => name.includes('.init-'))).toEqual([])
})

it('is not kept from starting by the pid file of a zombie or of a stranger', async () => {
  server = await start()
  await server.stop()
  const pidFile = join(dataDir, 'postgres/postmaster.pid')
  const rest = `\n${dataDir}/postgres\n1\n5432\n\n127.0.0.1\n0 0\nready   \n`
  // A shell that becomes another program never waits for the child it started.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  cleanups.push(() => kill(parent))
  const zombie = await new Promise<number>(resolve => parent.stdout?.once('data', text => resolve(Number(text))))
  await until('it is a zombie', async () => /\) Z /.test(await readFile(`/proc/${zombie}/stat`, 'utf8')))
  expect(await identifyProcess(zombie)).toBeNull()
  for (const pid of [zombie, parent.pid]) {
    await writeFile(pidFile, `${pid}${rest}`)
    server = await start()
    expect(await queryOnce(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
  }
  expect(parent.exitCode).toBeNull()
})
