// Fails when schema.prisma says something that the migrations do not build.

import { join } from 'node:path'
import { diffSchema, withTemporaryPostgres } from './schema-engine.ts'

const folder = import.meta.dirname
const difference = await withTemporaryPostgres(url =>
  diffSchema({ url, schemaFile: join(folder, 'schema.prisma'), migrationsFolder: join(folder, 'migrations') }),
)
if (difference === null) {
  console.log('The migrations build what schema.prisma says.')
} else {
  console.error(`The migrations do not build what schema.prisma says. They lack:\n\n${difference.trim()}\n`)
  console.error('Write it as a migration: npm run migration:new NAME')
  process.exitCode = 1
}
