import { join } from 'node:path'
import type { Config } from '../config.ts'
import { directoryStorage } from './directory-storage.ts'
import type { ObjectStorage } from './storage.ts'

/** The store that the configuration names: an S3 bucket, or a folder under DATA_DIR. */
export async function openStorage(
  { s3, dataDir }: Pick<Config, 's3' | 'dataDir'>,
  links: { secret: string; publicUrl: string },
): Promise<ObjectStorage> {
  if (!s3) return directoryStorage({ root: join(dataDir, 'storage'), ...links })
  const { minioStorage } = await import('./minio-storage.ts') // 0.3 s of loading that a folder has no use for
  const { publicEndpoint, ...server } = s3
  return minioStorage({ ...server, ...(publicEndpoint && { publicEndpoint }) })
}
