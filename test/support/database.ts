import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { connectDb, type Db } from '../../src/db.ts'
import { silentLog } from './silent-log.ts'
import { until } from './until.ts'

/** The name of the database that global-setup builds from the migrations and every test file clones. */
export const TEMPLATE_DATABASE = 'template_pentimento'

export type TestDatabase = { url: string; db: Db; drop(): Promise<void> }

/** A fresh migrated database of the caller's own, cloned in some 30 ms. `drop` closes `db` and removes it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return cloneDatabase(`template "${TEMPLATE_DATABASE}" strategy file_copy`)
}

/** The same without any table. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return cloneDatabase('template template0')
}

async function cloneDatabase(how: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(`create database "${name}" ${how}`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = name
  const db = connectDb({ url: url.href, log: silentLog })
  return {
    url: url.href,
    db,
    async drop() {
      await db.close()
      await until('autovacuum has left', () => drop(name), 30_000)
    },
  }
}

/** False while autovacuum, whose workers are the superuser's, is in there: only it may end them. */
async function drop(name: string): Promise<boolean> {
  try {
    await administer(`drop database if exists "${name}" with (force)`)
    return true
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42501') return false
    throw error
  }
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
