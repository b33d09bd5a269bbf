// Once a run: a PostgreSQL of our own with the template database, and an S3 server where one is installed.

import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { applyMigrations } from '../../src/migrate.ts'
import { toPaths } from '../../src/postgres/connection-file.ts'
import { findLockHolder } from '../../src/postgres/data-folder-lock.ts'
import { startEmbeddedPostgres } from '../../src/postgres/start-embedded-postgres.ts'
import { TEMPLATE_DATABASE } from './database.ts'
import { startS3, stopS3 } from './s3-server.ts'
import { silentLog } from './silent-log.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A role that may create databases. */
    postgresUrl: string
    /** Null where no S3 server is to be had; the run has said why. */
    s3Endpoint: string | null
  }
}

const PREFIX = 'pentimento-test-'
const STARTING_MS = 60_000

/** Starts both and provides their addresses; what it returns stops them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned()
  const folder = await mkdtemp(join(tmpdir(), PREFIX))
  await chmod(folder, 0o755) // as root, PostgreSQL runs as another user
  const stops: (() => Promise<void>)[] = []
  async function teardown(): Promise<void> {
    await Promise.allSettled(stops.map(stop => stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const [postgres, s3] = await Promise.allSettled([startPostgres(folder), startS3(join(folder, 's3'))])
    if (postgres.status === 'fulfilled') stops.push(postgres.value.stop)
    if (s3.status === 'fulfilled') stops.push(s3.value.stop)
    if (postgres.status === 'rejected') throw postgres.reason
    if (s3.status === 'rejected') throw s3.reason
    project.provide('postgresUrl', postgres.value.url)
    project.provide('s3Endpoint', s3.value.endpoint)
    return teardown
  } catch (error) {
    await teardown()
    throw error
  }
}

/** A run that was killed could not stop its S3 server; PostgreSQL sees to itself. */
async function removeAbandoned(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter(name => name.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name)
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0, // its own run has just removed it
    )
    if (age < STARTING_MS || (await findLockHolder(toPaths(folder).lock)) !== null) continue
    await stopS3(join(folder, 's3'))
    await rm(folder, { recursive: true, force: true })
  }
}

async function startPostgres(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = await startEmbeddedPostgres({ dataDir: folder, log: silentLog, fsync: false, maxConnections: 300 })
  try {
    await buildTemplate(server.url)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

async function buildTemplate(serverUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`create database "${TEMPLATE_DATABASE}"`)
    const url = new URL(serverUrl)
    url.pathname = TEMPLATE_DATABASE
    await applyMigrations(url.href, { log: silentLog })
    // A connection to a database, be it autovacuum's, keeps it from being cloned.
    await client.query(`alter database "${TEMPLATE_DATABASE}" allow_connections false`)
  } finally {
    await client.end()
  }
}
