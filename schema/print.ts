// Writes schema/schema.graphql, the contract that reviewers read; `npm run ci` fails when it is stale.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from './index.ts'

const path = fileURLToPath(new URL('schema.graphql', import.meta.url))
writeFileSync(path, `${printSchema(lexicographicSortSchema(schema))}\n`)
console.log(`Wrote ${path}`)
