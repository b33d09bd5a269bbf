// node --import tsx embedded-postgres-process.ts DATA_DIR: runs an embedded PostgreSQL until it is killed, and says
// "ready URL" or "refused MESSAGE" on stdout.

import { startEmbeddedPostgres } from '../../src/postgres/start-embedded-postgres.ts'
import { silentLog } from './silent-log.ts'

const [dataDir = ''] = process.argv.slice(2)
try {
  const { url, stop } = await startEmbeddedPostgres({ dataDir, log: silentLog })
  process.stdout.write(`ready ${url}\n`)
  process.once('SIGTERM', stop)
} catch (error) {
  process.stdout.write(`refused ${error instanceof Error ? error.message : error}\n`)
}
