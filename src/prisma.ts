import { PrismaPg } from '@prisma/adapter-pg'
import type { Logger } from 'pino'
import { PrismaClient } from './generated/prisma/client.ts'

export type { PrismaClient }

export type PrismaConfig = {
  url: string
  /** Default 10. */
  maxConnections?: number
  log?: Logger
  /** Told of every statement it sends. */
  logStatement?: (sql: string) => void
}

/**
 * The client that the API reads through. Connects at the first query; a broken connection is replaced at the next one.
 * `$disconnect()` closes its pool.
 */
export function connectPrisma(config: PrismaConfig): PrismaClient {
  const report = (error: Error) => config.log?.warn({ err: error }, 'a database connection of the reader broke')
  const adapter = new PrismaPg(
    {
      connectionString: config.url,
      max: config.maxConnections ?? 10,
      application_name: 'pentimento-read',
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      statement_timeout: 60_000,
      query_timeout: 65_000,
    },
    { onPoolError: report, onConnectionError: report },
  )
  const { logStatement } = config
  if (!logStatement) return new PrismaClient({ adapter })
  const client = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] })
  client.$on('query', event => logStatement(event.query))
  return client as unknown as PrismaClient // the same client, whose type also says what it reports
}
