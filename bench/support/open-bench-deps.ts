import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { connectDb } from '../../src/db.ts'
import type { Deps } from '../../src/deps.ts'
import { connectEventFeed } from '../../src/events/event-feed.ts'
import { makeDecodeGate } from '../../src/images/decode-gate.ts'
import { defaultImageLimits } from '../../src/images/image-limits.ts'
import { makeLog } from '../../src/log.ts'
import { openDatabase } from '../../src/open-database.ts'
import { connectPrisma } from '../../src/prisma.ts'
import { openStorage } from '../../src/storage/open-storage.ts'

/** What an API process holds, over an embedded Postgres and folders of the benchmark's own, fsync on as in use. */
export async function openBenchDeps(): Promise<{ deps: Deps; url: string; close(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pentimento-bench-'))
  await chmod(dataDir, 0o755) // as root, PostgreSQL runs as another user
  const log = makeLog('warn')
  const config = loadConfig({ DATA_DIR: dataDir })
  const database = await openDatabase(config, { isHost: true, log })
  const { url } = database
  const db = connectDb({ url, log })
  const prisma = connectPrisma({ url, log })
  const feed = await connectEventFeed({ db, url, log })
  const [secret, publicUrl] = ['a secret of the benchmark', 'http://127.0.0.1:4000']
  const storage = await openStorage(config, { secret, publicUrl })
  const images = { db, storage, limits: defaultImageLimits, directory: join(dataDir, 'spool'), gate: makeDecodeGate() }
  const links = { secret, publicUrl }
  return {
    url,
    deps: { config, log, db, prisma, storage, secret, publicUrl, images: { ...images, links }, feed },
    async close() {
      await feed.close()
      await prisma.$disconnect()
      await db.close()
      await database.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
