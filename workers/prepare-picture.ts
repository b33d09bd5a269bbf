import { LRUCache } from 'lru-cache'
import { fitPicture, type PictureFit } from '../src/images/fit-picture.ts'
import type { ImageDeps } from '../src/images/image-row.ts'
import { loadPicture } from '../src/images/load-picture.ts'
import { formPicture, type PictureForm } from '../src/images/picture-form.ts'
import type { ImageRef } from '../src/jobs/start-stage.ts'
import type { Picture } from './engines/engine.ts'

/** A stored image as a model server takes it: its bytes, in the size or form that `fit` says. */
export type PicturePreparer = (image: ImageRef, fit: PictureFit | PictureForm, signal: AbortSignal) => Promise<Picture>

const MAX_CACHED_BYTES = 128 * 1024 * 1024

/** One for each process: a job's source goes out again in every round, so what was prepared last is kept. */
export function makePicturePreparer(deps: ImageDeps): PicturePreparer {
  const cache = new LRUCache<string, Picture>({
    maxSize: MAX_CACHED_BYTES,
    sizeCalculation: picture => Math.max(1, picture.bytes.length),
  })
  return async (image, fit, signal) => {
    const key = `${image.objectKey} ${'form' in fit ? JSON.stringify(fit) : `${fit.maxPixels ?? 'full'} ${fit.multipleOf}`}`
    const known = cache.get(key)
    if (known) return known
    const bytes = await loadPicture(deps, image, signal)
    signal.throwIfAborted()
    const loaded = { ...image, bytes }
    const picture = await ('form' in fit ? formPicture(deps, loaded, fit) : fitPicture(deps, loaded, fit))
    cache.set(key, picture)
    return picture
  }
}
