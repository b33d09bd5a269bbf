import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { EmbeddedPostgresError } from './errors.ts'
import { applyMigrations } from './migrate.ts'
import { findRunningPostgres } from './postgres/connection-file.ts'
import { startEmbeddedPostgres } from './postgres/start-embedded-postgres.ts'

/** A migrated database. `close` ends an embedded server that was started here, and nothing else. */
export type OpenDatabase = { url: string; close(): Promise<void> }

/**
 * The database of DATABASE_URL; without it the embedded one under DATA_DIR, started here (`isHost`) or attached to where
 * another process runs it. Brought to this build's migrations. Throws EmbeddedPostgresError or MigrationError.
 */
export async function openDatabase(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  { isHost, log }: { isHost: boolean; log: Logger },
): Promise<OpenDatabase> {
  const database = await reach(config, { isHost, log })
  try {
    await applyMigrations(database.url, { log })
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

async function reach(
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  { isHost, log }: { isHost: boolean; log: Logger },
): Promise<OpenDatabase> {
  if (databaseUrl) return { url: databaseUrl, close: async () => {} }
  if (isHost) {
    const postgres = await startEmbeddedPostgres({ dataDir, log })
    return { url: postgres.url, close: () => postgres.stop() }
  }
  const url = await findRunningPostgres(dataDir)
  if (url) return { url, close: async () => {} }
  throw new EmbeddedPostgresError(
    `No server runs on the data folder ${dataDir}: start one there with "npm start", or set DATABASE_URL to a Postgres of your own.`,
  )
}
