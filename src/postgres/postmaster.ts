import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedPostgresError } from '../errors.ts'
import { type Account, lastLines, toCommand } from './choose-account.ts'
import { findProcessesIn, identifyProcess, readCommandLine, signalProcess } from './process-table.ts'

export type PostmasterConfig = {
  program: string
  account: Account | null
  folder: string
  logFile: string
  settings: Record<string, string | number>
}

/** A running server. `exited` resolves when it ends, whoever ended it. */
export type Postmaster = { exited: Promise<void>; stop(): Promise<void> }

// The shell ends the server when the pipe on its stdin closes, that is when our process ends in whatever way. The loop
// is needed because a shell starts background jobs with SIGINT ignored until the server sets its own handler.
const WATCHDOG = `exec 3<&0; "$@" </dev/null 3<&- & p=$!
(cat <&3 >/dev/null; while kill -INT $p 2>/dev/null; do sleep 0.3; done) &
wait $p; exit $?`

const READY_TIMEOUT_MS = 120_000 // recovery after a crash replays up to max_wal_size
const FAST_STOP_MS = 30_000
const QUICK_STOP_MS = 5_000
const MAX_LOG_BYTES = 10_000_000

/** Starts the server in `folder` and resolves when it takes connections. What an earlier one left is cleared first. */
export async function startPostmaster(config: PostmasterConfig): Promise<Postmaster> {
  const { folder, logFile } = config
  await clearTheWay(folder)
  await rotateLog(logFile)
  const logStart = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  )
  const settings = Object.entries(config.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = toCommand(config.account, config.program, ['-D', folder, ...settings])
  const log = openSync(logFile, 'a', 0o600)
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'postgres-watchdog', server.command, ...server.args], {
    ...server.options,
    detached: true, // Ctrl-C in a terminal is for us: we stop the server last
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  watchdog.stdin?.on('error', () => {}) // 'exit' tells what matters
  let hasExited = false
  const exited = new Promise<void>(resolve => watchdog.once('error', () => resolve()).once('exit', () => resolve()))
  const ended = exited.then(() => {
    hasExited = true
    watchdog.stdin?.destroy() // lets the half of the watchdog that reads it end as well
  })

  const deadline = Date.now() + READY_TIMEOUT_MS
  while (!(await isReady(folder))) {
    if (hasExited || Date.now() > deadline) {
      watchdog.stdin?.destroy()
      const text = (await readFile(logFile)).subarray(logStart).toString('utf8')
      throw new EmbeddedPostgresError(`PostgreSQL did not start in ${folder}: ${lastLines(text)} (see ${logFile})`)
    }
    await delay(15)
  }
  const pid = await readPid(folder)
  return {
    exited: ended,
    async stop() {
      for (const [signal, limitMs] of [
        ['SIGINT', FAST_STOP_MS],
        ['SIGQUIT', QUICK_STOP_MS],
        ['SIGKILL', QUICK_STOP_MS],
      ] as const) {
        if (hasExited || pid === null) return
        signalProcess(pid, signal)
        await Promise.race([ended, delay(limitMs, undefined, { ref: false })])
      }
    },
  }
}

/** Line 8 of postmaster.pid is its state. Our server's file alone can be there: the earlier one was removed. */
async function isReady(folder: string): Promise<boolean> {
  const lines = await readPidFile(folder)
  return lines[7]?.trim() === 'ready'
}

async function readPid(folder: string): Promise<number | null> {
  const pid = Number((await readPidFile(folder))[0])
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

async function readPidFile(folder: string): Promise<string[]> {
  return (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
}

/**
 * Ends a server that an earlier process of ours left running, and the children of one that was killed (they hold the
 * shared memory, and the next server refuses to start beside them); then removes its pid file. The caller holds the lock.
 */
export async function clearTheWay(folder: string): Promise<void> {
  const pid = await readPid(folder)
  if (pid !== null && (await readCommandLine(pid)).includes(` -D ${folder} `)) {
    signalProcess(pid, 'SIGINT')
    if (!(await endsWithin(pid, FAST_STOP_MS))) {
      signalProcess(pid, 'SIGQUIT')
      await endsWithin(pid, QUICK_STOP_MS)
    }
  }
  const left = await findProcessesIn(folder)
  for (const orphan of left) signalProcess(orphan, 'SIGKILL')
  await Promise.all(left.map(orphan => endsWithin(orphan, QUICK_STOP_MS)))
  await rm(join(folder, 'postmaster.pid'), { force: true })
}

async function endsWithin(pid: number, limitMs: number): Promise<boolean> {
  const identity = await identifyProcess(pid)
  const deadline = Date.now() + limitMs
  while (identity && (await identifyProcess(pid)) === identity) {
    if (Date.now() > deadline) return false
    await delay(10)
  }
  return true
}

async function rotateLog(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  )
  if (size > MAX_LOG_BYTES) await rename(logFile, `${logFile}.1`)
}
