import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import {
  connectDb,
  type Db,
  isConnectionError,
  isPassingFault,
  isSerializationFailure,
  isUniqueViolation,
} from '../src/db.ts'
import { sql } from '../src/sql.ts'
import { createEmptyDatabase, type TestDatabase } from './support/database.ts'
import { silentLog as log } from './support/silent-log.ts'
import { until } from './support/until.ts'

let database: TestDatabase
let db: Db
const opened: Db[] = []

beforeAll(async () => {
  database = await createEmptyDatabase()
  db = database.db
  await db.query('create table item (id int8 primary key, note text)')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map(other => other.close()))
  await db.query('truncate item')
})
afterAll(() => database.drop())

function open(options: Partial<Parameters<typeof connectDb>[0]> = {}): Db {
  const other = connectDb({ url: database.url, log, ...options })
  opened.push(other)
  return other
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    error => error,
  )
}

const countItems = async () => (await db.query<{ count: number }>('select count(*) from item')).rows[0]?.count

it('binds every value of a statement, in nested pieces too', async () => {
  const hostile = `'; drop table item; --`
  const filter = sql`where note = ${hostile} and ${true}::bool`
  await db.query(sql`insert into item (id, note) values (${1}::int8, ${hostile}), (${2}::int8, ${'other'})`)
  const found = sql`select id, ${'x'}::text as mark from item ${filter} and id = any(${[1, 2]}::int8[])`
  expect(found.text).toBe('select id, $1::text as mark from item where note = $2 and $3::bool and id = any($4::int8[])')
  expect(await db.query(found)).toEqual({ rows: [{ id: 1, mark: 'x' }], rowCount: 1 })
})

it('reads int8 as a number, timestamptz as a date, xid8 as a string and jsonb as its value', async () => {
  const { rows } = await db.query(sql`
    select 9007199254740991::int8 as big, '{1,null,-3}'::int8[] as list, pg_current_xact_id() as xid,
      '2026-01-02T03:04:05.678Z'::timestamptz as at, ${JSON.stringify({ a: [1] })}::jsonb as json, null::int8 as none`)
  expect(rows).toEqual([
    {
      big: Number.MAX_SAFE_INTEGER,
      list: [1, null, -3],
      xid: expect.stringMatching(/^\d+$/),
      at: new Date('2026-01-02T03:04:05.678Z'),
      json: { a: [1] },
      none: null,
    },
  ])
})

it('refuses an int8 that a number cannot hold', async () => {
  await expect(db.query('select 9007199254740993::int8 as big')).rejects.toThrow(RangeError)
})

it('prepares a statement once a connection, and never where that is switched off', async () => {
  const prepared = sql`select count(*) from pg_prepared_statements where statement like ${'%pg_prepared_statements%'}`
  const named = open({ maxConnections: 1 })
  await named.query(prepared)
  expect((await named.query(prepared)).rows).toEqual([{ count: 1 }])
  const unnamed = open({ maxConnections: 1, preparedStatements: false })
  await unnamed.query(prepared)
  expect((await unnamed.query(prepared)).rows).toEqual([{ count: 0 }])
})

it('commits what a transaction did', async () => {
  const result = await db.transaction(async tx => {
    await tx.query(sql`insert into item (id) values (${1}::int8)`)
    return 'done'
  })
  expect([result, await countItems()]).toEqual(['done', 1])
})

it('rolls a transaction back when its work throws, and goes on with the same connection', async () => {
  const single = open({ maxConnections: 1 })
  const backend = 'select pg_backend_pid() as pid'
  const before = await single.query(backend)
  const failure = new Error('no')
  const work = single.transaction(async tx => {
    await tx.query(sql`insert into item (id) values (${1}::int8)`)
    throw failure
  })
  expect(await refusal(work)).toBe(failure)
  expect(await countItems()).toBe(0)
  expect(await single.query(backend)).toEqual(before)
})

it('does not report a commit that Postgres turned into a rollback', async () => {
  const work = db.transaction(async tx => {
    await tx.query(sql`insert into item (id) values (${1}::int8)`)
    await refusal(tx.query('select 1/0'))
  })
  await expect(work).rejects.toThrow(/rolled back/)
  expect(await countItems()).toBe(0)
})

it('reads committed rows in a transaction whatever the default of the database', async () => {
  const name = new URL(database.url).pathname.slice(1)
  await db.query(`alter database "${name}" set default_transaction_isolation = 'serializable'`)
  const level = await open().transaction(tx => tx.query('show transaction_isolation'))
  await db.query(`alter database "${name}" reset default_transaction_isolation`)
  expect(level.rows).toEqual([{ transaction_isolation: 'read committed' }])
})

it('survives a connection that is cut between two queries of a transaction', async () => {
  const single = open({ maxConnections: 1 })
  const work = single.transaction(async tx => {
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
    await db.query(sql`select pg_terminate_backend(${rows[0]?.pid}::int4)`)
    await until('the backend is gone', async () => {
      const left = await db.query(sql`select from pg_stat_activity where pid = ${rows[0]?.pid}::int4`)
      return left.rowCount === 0
    })
    await tx.query('select 1')
  })
  expect(isConnectionError(await refusal(work))).toBe(true)
  expect((await single.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

it('survives idle connections that are cut', async () => {
  const pool = open({ maxConnections: 3, applicationName: 'to be cut' })
  await Promise.all([1, 2, 3].map(() => pool.query('select pg_sleep(0.05)')))
  await db.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be cut'`)
  await until('the pool has dropped them', () => pool.pool.totalCount === 0)
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

it('ends a statement that runs too long', async () => {
  const error = await refusal(open({ statementTimeoutMs: 50 }).query('select pg_sleep(20)'))
  expect(error).toMatchObject({ code: '57014' })
  expect(isConnectionError(error)).toBe(false)
  expect(isPassingFault(error)).toBe(true)
})

it('tells an absent server from a refusal', async () => {
  const port = await takeAndFreePort()
  const absent = await refusal(open({ url: `postgres://a:b@127.0.0.1:${port}/c` }).query('select 1'))
  expect(isConnectionError(absent)).toBe(true)
  const url = new URL(inject('postgresUrl'))
  url.password = 'wrong'
  const refused = await refusal(open({ url: url.href }).query('select 1'))
  expect(refused).toMatchObject({ code: '28P01' })
  expect([isConnectionError(refused), isPassingFault(refused)]).toEqual([false, false])
  const socket = await refusal(open({ url: 'postgres://a:b@%2Fnowhere/c' }).query('select 1'))
  expect(socket).toMatchObject({ code: 'ENOENT' })
  expect(isConnectionError(socket)).toBe(true)
  expect(isConnectionError(await refusal(readFile('/nowhere/file')))).toBe(false)
})

it('knows a unique violation and its constraint', async () => {
  const insert = () => db.query(sql`insert into item (id) values (${1}::int8)`)
  await insert()
  const error = await refusal(insert())
  expect([
    isUniqueViolation(error),
    isUniqueViolation(error, 'item_pkey'),
    isUniqueViolation(error, 'other'),
    isSerializationFailure(error),
  ]).toEqual([true, true, false, false])
})

it('knows a deadlock', async () => {
  await db.query('insert into item (id) values (1), (2)')
  const bothHold = makeBarrier(2)
  const lockInOrder = (first: number, second: number) =>
    db.transaction(async tx => {
      await tx.query(sql`select from item where id = ${first}::int8 for update`)
      await bothHold()
      await tx.query(sql`select from item where id = ${second}::int8 for update`)
    })
  const errors = (await Promise.all([lockInOrder(1, 2), lockInOrder(2, 1)].map(refusal))).filter(Boolean)
  expect(errors.map(isSerializationFailure)).toEqual([true])
})

it('closes once, however often it is asked', async () => {
  const other = connectDb({ url: database.url, log })
  await other.query('select 1')
  await Promise.all([other.close(), other.close()])
  await expect(other.query('select 1')).rejects.toThrow(/after calling end/)
})

function makeBarrier(count: number): () => Promise<void> {
  const arrived: (() => void)[] = []
  return () =>
    new Promise(resolve => {
      arrived.push(resolve)
      if (arrived.length === count) for (const release of arrived) release()
    })
}

function takeAndFreePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
