// npm run migration:new NAME: writes what schema.prisma has over the migrations as the next one. Read it, and add what
// the schema language cannot say, before committing it.

import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { diffSchema, withTemporaryPostgres } from './schema-engine.ts'

const schemaFile = join(import.meta.dirname, 'schema.prisma')
const migrationsFolder = join(import.meta.dirname, 'migrations')

const name = process.argv[2]
if (!name || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error('Usage: npm run migration:new NAME, where NAME is lower case such as add_round_note.')
  process.exit(2)
}

const script = await withTemporaryPostgres(url => diffSchema({ url, schemaFile, migrationsFolder }))
if (script === null) {
  console.log('The migrations already build what schema.prisma says.')
} else {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(migrationsFolder, `${stamp}_${name}`)
  await mkdir(folder)
  await writeFile(join(folder, 'migration.sql'), script)
  console.log(relative(process.cwd(), join(folder, 'migration.sql')))
}
