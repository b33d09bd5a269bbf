import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { findProcessesIn } from '../../src/postgres/process-table.ts'
import { until } from './until.ts'

const LOADER = import.meta.resolve('tsx') // found from any working folder
const SCRIPT = join(import.meta.dirname, 'embedded-postgres-process.ts')

/** A new folder that any user may enter, and its removal. */
export async function makeOpenFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-embedded-'))
  await chmod(folder, 0o755)
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A process of its own that starts PostgreSQL in `dataDir`. `answer` is its line: "ready URL" or "refused MESSAGE". */
export function spawnPostgres(
  dataDir: string,
  options: SpawnOptions & { prefix?: string[] } = {},
): { child: ChildProcess; answer: Promise<string> } {
  const { prefix = [], ...spawnOptions } = options
  const [command = '', ...args] = [...prefix, process.execPath, '--import', LOADER, SCRIPT, dataDir]
  const child = spawn(command, args, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', text => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    output += text
  })
  const answer = once(child, 'close').then(() => output.trim())
  const firstLine = until('the process answers', () => /^(ready|refused) .*\n/m.exec(output)?.[0].trim(), 60_000)
  return { child, answer: Promise.race([firstLine, answer]) }
}

/** Kills it and resolves when it is gone. */
export async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

/** Resolves when no process of the cluster in `dataDir` is left. */
export async function untilNoPostgres(dataDir: string): Promise<void> {
  await until('no postgres is left', async () => (await findProcessesIn(join(dataDir, 'postgres'))).length === 0)
}

/** The process id of the server in `dataDir`. */
export async function readPostmasterPid(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
}

/** One statement on a connection of its own. */
export async function queryOnce(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
