import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { type ObjectStorage, StorageError } from '../storage/storage.ts'
import type { ImageRow } from './image-row.ts'

/** The stored bytes of an image, checked against its hash: what an engine gets is what was judged and what is exported. */
export async function loadPicture(
  deps: { storage: ObjectStorage },
  image: Pick<ImageRow, 'objectKey' | 'sha256'>,
  signal?: AbortSignal,
): Promise<Buffer> {
  const bytes = await buffer(await deps.storage.get(image.objectKey, undefined, signal))
  if (createHash('sha256').update(bytes).digest('hex') !== image.sha256) {
    throw new StorageError(`The object of image ${image.sha256} holds other bytes.`)
  }
  return bytes
}
