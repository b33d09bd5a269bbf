import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { makeDecodeGate } from '../../src/images/decode-gate.ts'
import { defaultImageLimits, type ImageLimits } from '../../src/images/image-limits.ts'
import type { ImageDeps } from '../../src/images/image-row.ts'
import { sql } from '../../src/sql.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { openDirectoryStorage } from './storage-drivers.ts'

/** Everything src/images works with, real: a database and a directory store of the test's own. */
export type ImageSetup = {
  deps: ImageDeps
  secret: string
  /** Where the directory driver keeps its files. */
  root: string
  /** What DATA_DIR is for a process that shares the store. */
  dataDir: string
  createTenant(): Promise<string>
  /** Names of the files that are left in the spool folder. */
  spooledFiles(): Promise<string[]>
  close(): Promise<void>
}

/** The default limits, or some of them changed; on a database of the suite's server unless one is given. */
export async function openImages(
  limits: Partial<ImageLimits> = {},
  openDatabase: () => Promise<TestDatabase> = createTestDatabase,
): Promise<ImageSetup> {
  const secret = randomUUID()
  const database = await openDatabase()
  const store = await openDirectoryStorage(secret)
  const directory = join(store.root, 'spool')
  const { db } = database
  return {
    deps: {
      db,
      storage: store.storage,
      limits: { ...defaultImageLimits, ...limits },
      directory,
      gate: makeDecodeGate(),
    },
    secret,
    root: store.root,
    dataDir: store.dataDir,
    async createTenant() {
      const id = v7()
      await db.query(sql`insert into tenant (id, name) values (${id}::uuid, ${`tenant-${id}`})`)
      return id
    },
    spooledFiles: () => readdir(directory).catch(() => []),
    async close() {
      await store.close()
      await database.drop()
    },
  }
}
