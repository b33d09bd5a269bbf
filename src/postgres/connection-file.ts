import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { z } from 'zod'
import { isConnectionError } from '../db.ts'
import { EmbeddedPostgresError } from '../errors.ts'
import { findLockHolder } from './data-folder-lock.ts'

/** How to reach the embedded server. Outlives it, because it alone holds the password. */
export type Connection = { port: number; password: string; url: string }

/** The files of ours in a data folder. */
export function toPaths(dataDir: string) {
  return {
    cluster: join(dataDir, 'postgres'),
    log: join(dataDir, 'postgres.log'),
    lock: join(dataDir, 'postgres.lock'),
    connection: join(dataDir, 'postgres.json'),
  }
}

const Content = z.object({ url: z.url({ protocol: /^postgres$/ }) })

/** The connection last written; null if there is none or it is unreadable as one. */
export async function readConnection(dataDir: string): Promise<Connection | null> {
  const { connection } = toPaths(dataDir)
  let text: string
  try {
    text = await readFile(connection, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null // readFile throws nothing else
    throw new EmbeddedPostgresError(`${connection} cannot be read: start as the user who started the server.`, {
      cause,
    })
  }
  try {
    const { url } = Content.parse(JSON.parse(text))
    const { port, password } = new URL(url)
    return { port: Number(port), password, url }
  } catch {
    return null
  }
}

/** Writes it whole or not at all, readable by our user alone. */
export async function writeConnection(dataDir: string, url: string): Promise<void> {
  const { connection } = toPaths(dataDir)
  const draft = `${connection}.${process.pid}`
  await writeFile(draft, `${JSON.stringify({ url }, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, connection)
}

const ATTACH_TIMEOUT_MS = 5_000

/**
 * The URL of the server that another process runs on this data folder; null if none runs. One that is being
 * restarted at this moment is waited for, 5 s at most.
 */
export async function findRunningPostgres(dataDir: string): Promise<string | null> {
  const deadline = Date.now() + ATTACH_TIMEOUT_MS
  while ((await findLockHolder(toPaths(dataDir).lock)) !== null) {
    const connection = await readConnection(dataDir)
    if (connection && (await answers(connection.url))) return connection.url
    if (Date.now() > deadline) return null
    await delay(50)
  }
  return null
}

/** True if a login with the URL succeeds, false if the server is absent or not ready; other refusals are thrown. */
export async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch (error) {
    if (isConnectionError(error)) return false
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}
