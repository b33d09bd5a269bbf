import { ImageInUseError, NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import { forgetImage } from './forget-image.ts'
import { findImage, type ImageDeps } from './image-row.ts'

/**
 * Deletes the tenant's image with its bytes and variants. Throws NotFoundError, and ImageInUseError while a job needs it.
 */
export async function deleteImage(deps: ImageDeps, target: { tenantId: string; imageId: string }): Promise<void> {
  const { imageId, tenantId } = target
  const image = await findImage(deps.db, tenantId, imageId)
  if (!image) throw new NotFoundError('imageId', 'image')
  const outcome = await forgetImage(deps, imageId, sql`image.tenant_id = ${tenantId}::uuid`)
  if (outcome === 'needed') throw new ImageInUseError()
  if (outcome === 'absent') throw new NotFoundError('imageId', 'image')
}
