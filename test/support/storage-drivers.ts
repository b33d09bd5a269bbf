import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { type MinioStorageConfig, minioStorage } from '../../src/storage/minio-storage.ts'
import { makeObjectHandler } from '../../src/storage/object-route.ts'
import type { ObjectStorage } from '../../src/storage/storage.ts'
import { serveHttp } from './serve-http.ts'

/**
 * A store of the test's own; `close` stops what serves its signed links and removes its files. `root`: where the directory
 * driver keeps them, as a process with DATA_DIR set to `dataDir` would.
 */
export type TestStorage = { storage: ObjectStorage; root: string; dataDir: string; close(): Promise<void> }

/** The directory driver in a new folder, with a server that answers its signed links. */
export async function openDirectoryStorage(secret = randomUUID()): Promise<TestStorage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pentimento-store-'))
  const root = join(dataDir, 'storage')
  await mkdir(root)
  // The links name the server's port, which is known only once it listens.
  let handle: ReturnType<typeof makeObjectHandler> = () => Promise.reject(new Error('not yet'))
  const server = await serveHttp((req, res) => handle(req, res))
  const storage = directoryStorage({ root, secret, publicUrl: server.origin })
  handle = makeObjectHandler({ storage, secret })
  return {
    storage,
    root,
    dataDir,
    async close() {
      await server.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** What the test servers take (S3_TEST_ACCESS_KEY and S3_TEST_SECRET_KEY for a server of one's own). */
export function s3Config(endpoint: string): MinioStorageConfig {
  return {
    endpoint,
    accessKey: process.env.S3_TEST_ACCESS_KEY ?? 'minioadmin',
    secretKey: process.env.S3_TEST_SECRET_KEY ?? 'minioadmin',
    bucket: `test-${randomUUID()}`,
  }
}

/** The S3 driver in a bucket of its own. */
async function openS3Storage(endpoint: string): Promise<TestStorage> {
  return { storage: minioStorage(s3Config(endpoint)), root: '', dataDir: '', close: async () => {} }
}

/** Both drivers for `describe.each`; the S3 one only where the run has a server (it has said why not). */
export function storageDrivers(s3Endpoint: string | null): [string, () => Promise<TestStorage>][] {
  const drivers: [string, () => Promise<TestStorage>][] = [['directory', () => openDirectoryStorage()]]
  if (s3Endpoint) drivers.push(['minio', () => openS3Storage(s3Endpoint)])
  return drivers
}
