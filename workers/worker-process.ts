import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../src/config.ts'
import { connectDb } from '../src/db.ts'
import { makeDecodeGate } from '../src/images/decode-gate.ts'
import { defaultImageLimits } from '../src/images/image-limits.ts'
import { loadSecret } from '../src/load-secret.ts'
import { openDatabase } from '../src/open-database.ts'
import { openStorage } from '../src/storage/open-storage.ts'
import { version } from '../src/version.ts'
import type { OpenFleet } from './fleet/open-fleet.ts'
import { startFleetWorker } from './fleet-worker.ts'

/**
 * Everything a process of workers alone needs, made in order: the database (DATABASE_URL, or the one of the server that
 * runs on DATA_DIR), the storage, the worker. Resolves when tasks are taken. Rejects with a sentence for people.
 */
export async function openWorkerProcess(
  config: Config,
  { log, opened }: { log: Logger; opened: OpenFleet },
): Promise<{ stop(): Promise<void> }> {
  const database = await openDatabase(config, { isHost: false, log })
  const { url } = database
  const db = connectDb({ url, log, applicationName: 'pentimento worker' })
  const close = async () => {
    await db.close()
    await database.close()
  }
  try {
    const secret = await loadSecret(db, config.secret)
    const storage = await openStorage(config, { secret, publicUrl: config.publicUrl ?? 'http://localhost' })
    const directory = join(config.dataDir, 'spool')
    const images = { db, storage, limits: defaultImageLimits, directory, gate: makeDecodeGate() }
    const worker = startFleetWorker({ db, url, images, log, ...opened, host: hostname(), version })
    const stop = async () => {
      await worker.stop()
      await close()
    }
    try {
      await worker.ready
    } catch (error) {
      await stop()
      throw error
    }
    return { stop }
  } catch (error) {
    await close()
    throw error
  }
}
