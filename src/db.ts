// Postgres by plain pg. A pool outlives its server: a query that meets a dead one rejects, the next gets a new connection.
// Types: int8 is a number (an unsafe one throws), timestamptz a Date (ms), xid8 and uuid strings, jsonb its value; a
// Postgres enum array must be cast to text[]. A json value is bound as JSON.stringify(value) with a ::jsonb cast.

import pg from 'pg'
import type { Logger } from 'pino'
import { type CopiedRow, copyRows } from './copy-rows.ts'
import type { SqlStatement } from './sql.ts'

/** The rows, and how many a write touched. */
type QueryResult<Row> = { rows: Row[]; rowCount: number }

/** What a read may run on: the pool or a transaction. `Row` is the caller's word, not checked. */
export type Queryable = {
  query<Row = Record<string, unknown>>(
    sql: string | SqlStatement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>
}

/** An open READ COMMITTED transaction on one connection. Await each query before the next. */
export type Tx = Queryable & {
  readonly isTransaction: true
  /** The rows of a read as bytes: see copyRows. */
  copy(statement: SqlStatement): Promise<CopiedRow[]>
}

/** A pool of connections to one database. */
export type Db = Queryable & {
  /** Commits when `work` resolves, rolls back when it throws; never retries. A broken connection is thrown away. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  readonly pool: pg.Pool
  /** Waits for running queries, then closes every connection. A second call does nothing. */
  close(): Promise<void>
}

export type DbConfig = {
  url: string
  /** Default 10. */
  maxConnections?: number
  applicationName?: string
  /** A statement that runs longer is canceled by the server. Default 60,000. */
  statementTimeoutMs?: number
  /** False behind a transaction-pooling proxy: no named statements and no session settings. Default true. */
  preparedStatements?: boolean
  log: Logger
}

const CONNECT_TIMEOUT_MS = 5_000
// A process that is stopped or cut off in the middle of a transaction loses its locks about when it loses its leases.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
// Every statement here finds its rows by an index whatever its values are, so one plan a connection does. Left to itself
// Postgres plans some of the largest anew at each use, which costs as much as running them.
const GENERIC_PLANS = '-c plan_cache_mode=force_generic_plan'
// The client gives up a little after the server should have: only a network that swallows packets gets this far.
const READ_TIMEOUT_MARGIN_MS = 5_000

/** A pool for `url`. Connects at the first query, so an absent server shows there. */
export function connectDb(config: DbConfig): Db {
  const { log, preparedStatements = true, statementTimeoutMs = 60_000 } = config
  const pool = new pg.Pool({
    connectionString: config.url,
    max: config.maxConnections ?? 10,
    application_name: config.applicationName ?? 'pentimento',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: statementTimeoutMs + READ_TIMEOUT_MARGIN_MS,
    types: rowTypes,
    ...(preparedStatements && {
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      options: GENERIC_PLANS,
    }),
  })
  // An idle connection that breaks is dropped by the pool; its siblings usually break with it, so say it once a second.
  let nextReportAt = 0
  let closing: Promise<void> | undefined
  pool.on('error', error => {
    // A pool that is closed does not wait for its sockets: a server that stops next may be heard on them.
    if (closing || Date.now() < nextReportAt) return
    nextReportAt = Date.now() + 1_000
    log.warn({ reason: error.message }, 'an idle database connection broke') // the error itself holds the whole client
  })
  // Without a listener a connection that breaks while checked out, between two queries, would end the process.
  pool.on('connect', client => client.on('error', () => {}))

  return {
    pool,
    query: (sql, values) => run(pool, sql, values, preparedStatements),
    transaction: work => transaction(pool, work, preparedStatements),
    close: () => {
      closing ??= pool.end()
      return closing
    },
  }
}

async function transaction<T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>, named: boolean): Promise<T> {
  const client = await pool.connect()
  const tx: Tx = {
    isTransaction: true,
    query: (sql, values) => run(client, sql, values, named),
    copy: statement => copyRows(client, statement),
  }
  let broken: Error | boolean = false
  try {
    await client.query('begin isolation level read committed')
    const result = await work(tx)
    const commit = await client.query('commit')
    // Postgres answers "rollback" to the commit of a transaction in which a statement failed and was caught.
    if (commit.command !== 'COMMIT') throw new Error('The transaction was rolled back: a statement in it had failed.')
    return result
  } catch (error) {
    broken = isConnectionError(error) || (await failsToRollBack(client))
    throw error
  } finally {
    client.release(broken)
  }
}

async function failsToRollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    return false
  } catch {
    return true
  }
}

async function run<Row>(
  target: pg.Pool | pg.PoolClient,
  sql: string | SqlStatement,
  values: readonly unknown[] | undefined,
  named: boolean,
): Promise<QueryResult<Row>> {
  const config =
    typeof sql === 'string'
      ? { text: sql, ...(values && { values: [...values] }) }
      : { text: sql.text, values: [...sql.values], ...(named && { name: sql.name }) }
  const { rows, rowCount } = await target.query(config)
  return { rows: rows as Row[], rowCount: rowCount ?? 0 } // the caller names the row's type
}

const rowTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') => {
    if (format !== 'binary' && oid === pg.types.builtins.INT8) return toSafeInteger
    if (format !== 'binary' && oid === INT8_ARRAY) return toSafeIntegers
    return pg.types.getTypeParser(oid, format)
  }) as typeof pg.types.getTypeParser, // an overloaded signature that no single function can state
}

const INT8_ARRAY: number = 1016

function toSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`The int8 ${text} does not fit a JavaScript number.`)
  return value
}

function toSafeIntegers(text: string): (number | null)[] {
  const items: (string | null)[] = pg.types.getTypeParser(INT8_ARRAY)(text)
  return items.map(item => (item === null ? null : toSafeInteger(item)))
}

const CONNECTION_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53300'])
const CONNECTION_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'],
])
// pg itself gives these no code.
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed)/

/**
 * The server was absent, shut down or the connection broke: the same work may succeed later. Whether a statement (or
 * a commit) that failed so took effect is unknown.
 */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code && (CONNECTION_CODES.has(code) || CONNECTION_STATES.has(code) || /^08...$/.test(code))) return true
  // A socket file that is not there; of any other file this says nothing of the server.
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true
  return CONNECTION_MESSAGES.test(error.message)
}

/** The transaction lost against a rival (serialization failure or deadlock): nothing was written, run it again. */
export function isSerializationFailure(error: unknown): boolean {
  const code = codeOf(error)
  return code === '40001' || code === '40P01'
}

// Besides lost connections: transactions that lost (40), no room or memory (53), a server that ends a database or a statement.
const PASSING_STATES = /^(40|53)...$|^57P0.$|^57014$/

/** A fault of the database that passes by itself or once its operator has acted: the same work may succeed later. */
export function isPassingFault(error: unknown): boolean {
  return isConnectionError(error) || PASSING_STATES.test(codeOf(error) ?? '')
}

/** Postgres has no room on its disk. */
export function isDatabaseFull(error: unknown): boolean {
  return codeOf(error) === '53100'
}

/** A unique constraint or index refused the row; `constraint` narrows it to the one of that name. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23505') return false
  return constraint === undefined || (error as { constraint?: unknown }).constraint === constraint // a DatabaseError
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
