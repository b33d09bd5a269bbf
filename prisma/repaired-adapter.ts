// @prisma/adapter-pg 7.10.0 cannot drive the schema engine as it is. Repaired here: "char" columns have no type,
// scripts are cut at every semicolon, and a shadow database is dropped while its own pool is connected to it.

import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlQueryable,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import pg from 'pg'

const CHAR = 18
const BPCHAR = 1042

/**
 * Connects the schema engine to the database at `url`, whose role may create databases. `close` ends the connections
 * that the engine leaves open.
 */
export function makeRepairedAdapter(url: string): {
  factory: SqlMigrationAwareDriverAdapterFactory
  close(): Promise<void>
} {
  const pools = new Set<pg.Pool>()
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(url, pools),
    async connectToShadowDb() {
      const name = `shadow_${randomUUID().replaceAll('-', '')}`
      await runOnce(url, `create database "${name}" template template0`)
      const shadowUrl = new URL(url)
      shadowUrl.pathname = name
      const adapter = await connect(shadowUrl.href, pools)
      const dispose = adapter.dispose.bind(adapter)
      adapter.dispose = async () => {
        await dispose()
        await runOnce(url, `drop database if exists "${name}" with (force)`)
      }
      return adapter
    },
  }
  return {
    factory,
    async close() {
      await Promise.all([...pools].map(pool => pool.end()))
    },
  }
}

async function connect(url: string, pools: Set<pg.Pool>): Promise<SqlDriverAdapter> {
  const pool = new pg.Pool({ connectionString: url })
  pools.add(pool)
  const adapter = await new PrismaPg(pool).connect()
  repairCharColumns(adapter)
  const startTransaction = adapter.startTransaction.bind(adapter)
  adapter.startTransaction = async level => {
    const transaction = await startTransaction(level)
    repairCharColumns(transaction)
    return transaction
  }
  adapter.executeScript = async script => {
    await pool.query(script)
  }
  adapter.dispose = async () => {
    if (pools.delete(pool)) await pool.end()
  }
  return adapter
}

type PerformIO = (query: SqlQuery) => Promise<pg.QueryArrayResult>

function repairCharColumns(queryable: SqlQueryable): void {
  const inner = queryable as SqlQueryable & { performIO: PerformIO } // private in its types
  const performIO = inner.performIO.bind(queryable)
  const queryRaw = queryable.queryRaw.bind(queryable)
  const charColumns = new WeakMap<SqlQuery, number[]>()
  inner.performIO = async query => {
    const result = await performIO(query)
    const columns = result.fields.flatMap((field, index) => (field.dataTypeID === CHAR ? [index] : []))
    for (const column of columns) Object.assign(result.fields[column] ?? {}, { dataTypeID: BPCHAR })
    charColumns.set(query, columns)
    return result
  }
  queryable.queryRaw = async (query: SqlQuery): Promise<SqlResultSet> => {
    const result = await queryRaw(query)
    for (const column of charColumns.get(query) ?? []) result.columnTypes[column] = ColumnTypeEnum.Character
    return result
  }
}

async function runOnce(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
