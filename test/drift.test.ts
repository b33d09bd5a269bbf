import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { diffSchema } from '../prisma/schema-engine.ts'
import { findMigrationsFolder } from '../src/migrate.ts'

const url = inject('postgresUrl')
const migrationsFolder = findMigrationsFolder()
const schemaFile = join(migrationsFolder, '../schema.prisma')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pentimento-drift-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('finds no drift between the schema and the migrations', async () => {
  expect(await diffSchema({ url, schemaFile, migrationsFolder })).toBeNull()
})

it('finds a column that no migration makes', async () => {
  const drifted = join(folder, 'drifted.prisma')
  const schema = await readFile(schemaFile, 'utf8')
  await writeFile(drifted, schema.replace(/^model Tenant \{$/m, 'model Tenant {\n  nickname String?'))
  const script = await diffSchema({ url, schemaFile: drifted, migrationsFolder })
  expect(script).toMatch(/ALTER TABLE "\w+" ADD COLUMN\s+"nickname" TEXT;/)
})

it('finds a table that the schema does not know', async () => {
  const migrations = join(folder, 'extra-table')
  await cp(migrationsFolder, migrations, { recursive: true })
  await mkdir(join(migrations, '99990101000000_extra'))
  await writeFile(join(migrations, '99990101000000_extra/migration.sql'), 'create table stray (id int primary key);')
  expect(await diffSchema({ url, schemaFile, migrationsFolder: migrations })).toContain('DROP TABLE "stray"')
})

it('accepts what the schema language cannot say, semicolons in bodies included', async () => {
  const migrations = join(folder, 'hand-written')
  await cp(migrationsFolder, migrations, { recursive: true })
  await mkdir(join(migrations, '99990101000000_hand_written'))
  const script = `
    create function refuse() returns trigger language plpgsql as $$ begin raise 'no; never'; end $$;
    create trigger refuse before truncate on tenant for each statement execute function refuse();
    comment on table tenant is 'a;b';`
  await writeFile(join(migrations, '99990101000000_hand_written/migration.sql'), script)
  expect(await diffSchema({ url, schemaFile, migrationsFolder: migrations })).toBeNull()
})

it('says which migration is broken', async () => {
  const migrations = join(folder, 'broken')
  await cp(migrationsFolder, migrations, { recursive: true })
  await mkdir(join(migrations, '99990101000000_broken'))
  await writeFile(join(migrations, '99990101000000_broken/migration.sql'), 'alter table nowhere add column a int;')
  await expect(diffSchema({ url, schemaFile, migrationsFolder: migrations })).rejects.toThrow(/99990101000000_broken/)
})

it('leaves no shadow database behind', async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(`select datname from pg_database where datname like 'shadow%'`)
  await client.end()
  expect(rows).toEqual([])
})
