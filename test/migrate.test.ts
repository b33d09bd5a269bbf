import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { MigrationError } from '../src/errors.ts'
import { applyMigrations, findMigrationsFolder, readMigrations } from '../src/migrate.ts'
import { createEmptyDatabase, type TestDatabase } from './support/database.ts'
import { silentLog as log } from './support/silent-log.ts'

let root: string
let folder: string
let database: TestDatabase

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pentimento-migrations-'))
})
beforeEach(async () => {
  database = await createEmptyDatabase()
  folder = await mkdtemp(join(root, 'set-'))
  await write('1_make', 'create table thing (id int primary key); insert into thing values (1);')
})
afterEach(() => database.drop())
afterAll(() => rm(root, { recursive: true, force: true }))

async function write(name: string, script: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), script)
}

const apply = () => applyMigrations(database.url, { log, folder })

async function readLedger() {
  const { rows } = await database.db.query(
    `select migration_name as name, finished_at is not null as finished, length(checksum) as length
     from _prisma_migrations order by started_at, migration_name`,
  )
  return rows
}

it('builds the real database, and finds nothing to do the second time', async () => {
  const names = (await readMigrations(findMigrationsFolder())).map(({ name }) => name)
  expect(await applyMigrations(database.url, { log })).toEqual(names)
  expect(await applyMigrations(database.url, { log })).toEqual([])
  expect((await readLedger()).map(row => row.name)).toEqual(names)
})

it('lets one of four that start at once apply, and the others find it done', async () => {
  const results = await Promise.all(Array.from({ length: 4 }, () => applyMigrations(database.url, { log })))
  const names = (await readMigrations(findMigrationsFolder())).map(({ name }) => name)
  expect(results.filter(applied => applied.length > 0)).toEqual([names])
})

it('applies only what is new, in the order of the names', async () => {
  await apply()
  await write('3_more', 'alter table thing add column more text;')
  await write('2_fill', 'insert into thing values (2);')
  expect(await apply()).toEqual(['2_fill', '3_more'])
  expect(await readLedger()).toEqual(['1_make', '2_fill', '3_more'].map(name => ({ name, finished: true, length: 64 })))
})

it('runs a script with function bodies and semicolons in texts as it stands', async () => {
  await write(
    '2_body',
    `create function twice() returns int language plpgsql as $$ begin return 2; end $$;
     insert into thing select twice(); comment on table thing is 'a;b';`,
  )
  await apply()
  expect((await database.db.query('select id from thing order by id')).rows).toEqual([{ id: 1 }, { id: 2 }])
})

it('refuses a migration that was edited after it had been applied', async () => {
  await apply()
  await write('1_make', 'create table thing (id int primary key); -- a harmless remark')
  await write('2_fill', 'insert into thing values (2);')
  await expect(apply()).rejects.toThrow(/1_make was edited/)
  await expect(apply()).rejects.toBeInstanceOf(MigrationError)
  expect(await readLedger()).toHaveLength(1)
})

it('refuses a database that knows a migration which this version lacks', async () => {
  await write('2_newer', 'select 1;')
  await apply()
  await rm(join(folder, '2_newer'), { recursive: true })
  await expect(apply()).rejects.toMatchObject({ code: 'MIGRATION', migration: '2_newer' })
})

it('refuses to go on after one that was begun and never finished', async () => {
  await apply()
  await database.db.query('update _prisma_migrations set finished_at = null')
  await expect(apply()).rejects.toThrow(/1_make was begun and never finished/)
  await database.db.query('update _prisma_migrations set finished_at = now()')
  expect(await apply()).toEqual([])
})

it('rolls a failing migration back whole, keeps those before it, and applies it once it is mended', async () => {
  await write('2_bad', 'insert into thing values (2); insert into thing values (1);')
  await expect(apply()).rejects.toThrow(/2_bad failed and was rolled back: duplicate key/)
  expect((await database.db.query('select id from thing')).rows).toEqual([{ id: 1 }])
  await write('2_bad', 'insert into thing values (2);')
  expect(await apply()).toEqual(['2_bad'])
})

it('finds the migrations from the compiled place as well', async () => {
  const copy = await mkdtemp(join(root, 'package-'))
  await cp(folder, join(copy, 'prisma/migrations'), { recursive: true })
  await writeFile(join(copy, 'prisma/migrations/migration_lock.toml'), 'provider = "postgresql"')
  expect(findMigrationsFolder(join(copy, 'dist/src'))).toBe(join(copy, 'prisma/migrations'))
  expect(findMigrationsFolder(join(copy, 'src'))).toBe(join(copy, 'prisma/migrations'))
  expect(() => findMigrationsFolder(tmpdir())).toThrow(MigrationError)
})
