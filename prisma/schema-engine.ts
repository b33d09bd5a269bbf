import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { pino } from 'pino'
import { readMigrations } from '../src/migrate.ts'
import { startEmbeddedPostgres } from '../src/postgres/start-embedded-postgres.ts'
import { makeRepairedAdapter } from './repaired-adapter.ts'

type EngineModule = typeof import('@prisma/schema-engine-wasm/schema_engine_bg')

export type DiffInput = { url: string; schemaFile: string; migrationsFolder: string }

/**
 * The SQL that leads from the migrations to the schema file; null where they agree. What the schema language cannot
 * say (checks, triggers, functions, partial and expression indexes) is not compared. Works in shadow databases beside
 * the one at `url` and removes them.
 */
export async function diffSchema({ url, schemaFile, migrationsFolder }: DiffInput): Promise<string | null> {
  loading ??= loadEngine()
  const { SchemaEngine } = await loading
  const { factory, close } = makeRepairedAdapter(url)
  const engine = await SchemaEngine.new(
    { datamodels: undefined },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
  try {
    const migrations = await readMigrations(migrationsFolder)
    const result = await engine.diff({
      from: {
        tag: 'migrations',
        baseDir: migrationsFolder,
        lockfile: {
          path: 'migration_lock.toml',
          content: await readFile(join(migrationsFolder, 'migration_lock.toml'), 'utf8'),
        },
        shadowDbInitScript: '',
        migrationDirectories: migrations.map(({ name, script }) => ({
          path: name,
          migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
        })),
      },
      to: { tag: 'schemaDatamodel', files: [{ path: schemaFile, content: await readFile(schemaFile, 'utf8') }] },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    })
    return result.exitCode === 2 ? (result.stdout ?? '') : null
  } finally {
    engine.free()
    await close()
  }
}

/** Runs `work` with a PostgreSQL that exists for it alone. */
export async function withTemporaryPostgres<T>(work: (url: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-schema-'))
  try {
    await chmod(folder, 0o755) // as root, PostgreSQL runs as another user
    const server = await startEmbeddedPostgres({ dataDir: folder, log: pino({ level: 'silent' }), fsync: false })
    try {
      return await work(server.url)
    } finally {
      await server.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

// Neither the language's library nor Node's types declare it as a value.
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: {
    instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>
  }
}

let loading: Promise<EngineModule> | undefined

/** The engine's package is written for bundlers: on Node the WebAssembly has to be loaded and tied to it by hand, once. */
async function loadEngine(): Promise<EngineModule> {
  // A panic goes there first and then surfaces as an unrelated "unreachable".
  const registry = { set_message: (message: string) => console.error(`The schema engine panicked: ${message}`) }
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry })
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const module: EngineModule = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const bytes = await readFile(join(dirname(path), 'schema_engine_bg.wasm'))
  const { instance } = await wasm.instantiate(bytes, { './schema_engine_bg.js': module })
  module.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  return module
}
