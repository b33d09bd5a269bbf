import { randomBytes, randomInt } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import type { Logger } from 'pino'
import { EmbeddedPostgresError } from '../errors.ts'
import { chooseAccount } from './choose-account.ts'
import { answers, type Connection, readConnection, toPaths, writeConnection } from './connection-file.ts'
import { APP_ROLE, type Cluster, createCluster, hasCluster, resetPassword } from './create-cluster.ts'
import { releaseLock, takeLock } from './data-folder-lock.ts'
import { findBinaries } from './find-binaries.ts'
import { clearTheWay, startPostmaster } from './postmaster.ts'
import { supervise } from './supervise.ts'

export type EmbeddedPostgresConfig = {
  /** The cluster, its log and its connection file go there; made if absent. */
  dataDir: string
  log: Logger
  /** Default: the one of the last start, else any free one. */
  port?: number
  /** False for throw-away data: what is committed outlives a kill of the server, not a power cut. Default true. */
  fsync?: boolean
  /** Default 100. */
  maxConnections?: number
}

/** `url` stays the same until `stop`, over every restart. */
export type EmbeddedPostgres = { url: string; stop(): Promise<void> }

/**
 * PostgreSQL from npm on 127.0.0.1, password protected, in `dataDir`. It is restarted when it dies alone and ends with
 * our process, however that ends. Throws EmbeddedPostgresError with what to do when it cannot run here.
 */
export async function startEmbeddedPostgres(config: EmbeddedPostgresConfig): Promise<EmbeddedPostgres> {
  const dataDir = await makeDataDir(config.dataDir)
  const { lock } = toPaths(dataDir)
  const taken = await takeLock(lock)
  if (taken !== true) {
    throw new EmbeddedPostgresError(
      `Process ${taken.heldBy} already runs PostgreSQL in ${dataDir}. Stop it, choose another DATA_DIR, or attach to it with "npm run api" or "npm run worker".`,
    )
  }
  try {
    const { url, stop } = await start(config, dataDir)
    let stopped: Promise<void> | undefined
    return {
      url,
      stop: () => {
        stopped ??= stop().finally(() => releaseLock(lock))
        return stopped
      },
    }
  } catch (error) {
    await releaseLock(lock)
    throw error
  }
}

async function start(config: EmbeddedPostgresConfig, dataDir: string): Promise<EmbeddedPostgres> {
  const paths = toPaths(dataDir)
  if (config.port && !(await isFree(config.port))) {
    throw new EmbeddedPostgresError(`Port ${config.port} of 127.0.0.1 is taken. Choose another one for PostgreSQL.`)
  }
  const binaries = findBinaries()
  const account = chooseAccount(paths.cluster, binaries.postgres)
  const cluster = { folder: paths.cluster, binaries, account }
  const saved = await readConnection(dataDir)
  const password = await preparePassword(cluster, saved, config.fsync ?? true)
  const port = config.port ?? (await findFreePort(saved?.port))
  const url = `postgres://${APP_ROLE}:${password}@127.0.0.1:${port}/${APP_ROLE}`
  await writeConnection(dataDir, url)

  const settings = toSettings(port, config)
  const server = await supervise(
    () =>
      startPostmaster({
        program: binaries.postgres,
        account,
        folder: paths.cluster,
        logFile: paths.log,
        settings,
      }),
    config.log,
  )
  try {
    await answers(url)
  } catch (cause) {
    await server.stop()
    throw new EmbeddedPostgresError(
      `PostgreSQL in ${dataDir} refuses the password of ${paths.connection}. Remove that file: the next start makes a new password.`,
      { cause },
    )
  }
  return { url, stop: server.stop }
}

async function makeDataDir(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true })
    return await realpath(dataDir) // processes are told apart by this path
  } catch (cause) {
    throw new EmbeddedPostgresError(`DATA_DIR ${dataDir} cannot be made or entered. Choose another one.`, { cause })
  }
}

/** Makes the cluster if there is none. A lost connection file means a new password, not lost data. */
async function preparePassword(cluster: Cluster, saved: Connection | null, fsync: boolean): Promise<string> {
  const exists = await hasCluster(cluster.folder, cluster.binaries)
  if (exists && saved) return saved.password
  const password = randomBytes(24).toString('base64url')
  if (exists) {
    await clearTheWay(cluster.folder)
    await resetPassword(cluster, password)
  } else {
    await createCluster(cluster, password, fsync)
  }
  return password
}

// Below the range from which systems take ports for outgoing connections (32,768 on Linux, 49,152 on macOS): there, a
// pool that reconnects to a server that is down can be given the server's own port and then holds it.
const FIRST_PORT = 20_000
const PORT_COUNT = 10_000

async function findFreePort(preferred: number | undefined): Promise<number> {
  if (preferred && (await isFree(preferred))) return preferred
  for (;;) {
    const port = FIRST_PORT + randomInt(PORT_COUNT)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

// What a page of rounds reads lies all over the tables. Memory that is never filled is never taken.
function decideBufferMegabytes(): number {
  const sixteenth = Math.floor(totalmem() / 16 / 2 ** 20)
  return Math.min(1_024, Math.max(128, sixteenth))
}

function toSettings(port: number, { fsync = true, maxConnections = 100 }: EmbeddedPostgresConfig) {
  return {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '', // none: a path of theirs over 107 bytes would keep the server from starting
    max_connections: maxConnections,
    shared_buffers: `${decideBufferMegabytes()}MB`,
    jit: 'off', // our statements are short; compiling them costs more than it saves
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'log', // what the server itself does; a statement's error goes to whoever sent it
    log_checkpoints: 'off',
    // After a crash it is back when it has replayed what was written since the last checkpoint: at most this much.
    checkpoint_timeout: '1min',
    max_wal_size: '256MB',
    // Commits still reach the system before they are confirmed: they outlive a kill of the server, not a power cut.
    ...(!fsync && { fsync: 'off', full_page_writes: 'off' }),
  }
}
