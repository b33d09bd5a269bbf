// Applies prisma/migrations on plain pg and keeps Prisma's own ledger, so that its tools see the same history.

import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { Logger } from 'pino'
import { MigrationError } from './errors.ts'

type Migration = { name: string; script: string; checksum: string }
type LedgerRow = { name: string; checksum: string; isFinished: boolean }

/** The key Prisma's own migrate takes, so that the two never run at once. */
const ADVISORY_LOCK = 72707369

/**
 * Brings the database at `url` to this build's migrations and returns the names it applied, each in one transaction
 * with its ledger row. Of several at once one applies while the others wait. Throws MigrationError when the history
 * does not fit (an applied file was edited, one is unknown here or unfinished) or a script fails. Needs a direct
 * connection, not a transaction-pooling proxy.
 */
export async function applyMigrations(
  url: string,
  { log, folder = findMigrationsFolder() }: { log: Logger; folder?: string },
): Promise<string[]> {
  const migrations = await readMigrations(folder)
  const client = new pg.Client({ connectionString: url, application_name: 'pentimento migrations', keepAlive: true })
  client.on('error', () => {}) // the running query rejects as well
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK])
    const pending = findPending(migrations, await readLedger(client))
    for (const migration of pending) {
      await apply(client, migration)
      log.info({ migration: migration.name }, 'migration applied')
    }
    return pending.map(migration => migration.name)
  } finally {
    await client.end().catch(() => {}) // gives the lock back; a broken connection has done so already
  }
}

/** The migrations of the package that `start` is in, from src/ and from dist/src/ alike. */
export function findMigrationsFolder(start = import.meta.dirname): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const migrations = join(folder, 'prisma/migrations')
    if (existsSync(join(migrations, 'migration_lock.toml'))) return migrations
  }
  throw new MigrationError(`There is no prisma/migrations in ${start} or above it.`, null)
}

/** Every migration of the folder in the order of application. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  return Promise.all(
    names.sort().map(async name => {
      const bytes = await readFile(join(folder, name, 'migration.sql'))
      return { name, script: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') }
    }),
  )
}

async function readLedger(client: pg.Client): Promise<LedgerRow[]> {
  await client.query(`
    create table if not exists _prisma_migrations (
      id varchar(36) primary key not null,
      checksum varchar(64) not null,
      finished_at timestamptz,
      migration_name varchar(255) not null,
      logs text,
      rolled_back_at timestamptz,
      started_at timestamptz not null default now(),
      applied_steps_count integer not null default 0
    )`)
  const { rows } = await client.query<LedgerRow>(`
    select migration_name as name, checksum, finished_at is not null as "isFinished"
    from _prisma_migrations
    where rolled_back_at is null
    order by started_at, migration_name`)
  return rows
}

function findPending(migrations: Migration[], ledger: LedgerRow[]): Migration[] {
  const known = new Map(migrations.map(migration => [migration.name, migration]))
  for (const row of ledger) {
    const migration = known.get(row.name)
    if (!migration) {
      const way = 'it was migrated by another version: start that one, or use another database.'
      throw new MigrationError(`The database has the migration ${row.name}, which this version lacks; ${way}`, row.name)
    }
    if (!row.isFinished) {
      const way = 'repair the database by hand, then set rolled_back_at or finished_at in its _prisma_migrations row.'
      throw new MigrationError(`The migration ${row.name} was begun and never finished; ${way}`, row.name)
    }
    if (migration.checksum !== row.checksum) {
      const way = 'restore the file as it was and write the change as a new migration.'
      throw new MigrationError(`The migration ${row.name} was edited after it had been applied; ${way}`, row.name)
    }
  }
  const applied = new Set(ledger.map(row => row.name))
  return migrations.filter(migration => !applied.has(migration.name))
}

async function apply(client: pg.Client, { name, script, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query(script)
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('commit')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MigrationError(`The migration ${name} failed and was rolled back: ${reason}`, name, { cause: error })
  }
}
