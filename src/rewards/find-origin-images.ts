import type { Db } from '../db.ts'
import { reuseImages } from '../images/reuse-images.ts'
import { sql } from '../sql.ts'

/** How an image is named: by its id, by the SHA-256 (hex) of its bytes as uploaded or stored, or by its completed upload. */
export type ImageReference = { imageId: string } | { sha256: string } | { uploadId: string }

/** The ids of the tenant's images in the order asked; null: there is none. What a hash finds is kept for another day. */
export async function findOriginImages(
  db: Db,
  tenantId: string,
  references: readonly (ImageReference | null)[],
): Promise<(string | null)[]> {
  const named = references.filter(reference => reference !== null)
  const hashes = new Set(named.flatMap(reference => ('sha256' in reference ? [reference.sha256] : [])))
  const uploadIds = new Set(named.flatMap(reference => ('uploadId' in reference ? [reference.uploadId] : [])))
  const imageIds = new Set(named.flatMap(reference => ('imageId' in reference ? [reference.imageId] : [])))
  const byHash = hashes.size > 0 ? await reuseImages(db, tenantId, [...hashes]) : new Map<string, string>()
  const { rows } = await db.query<{ name: string; id: string }>(sql`
    select id as name, id from image
    where id = any(${[...imageIds]}::uuid[]) and tenant_id = ${tenantId}::uuid and status = 'READY'
    union all
    select id as name, image_id as id from upload
    where id = any(${[...uploadIds]}::uuid[]) and tenant_id = ${tenantId}::uuid and image_id is not null`)
  const byId = new Map(rows.map(({ name, id }) => [name, id]))
  return references.map(reference => {
    if (reference === null) return null
    if ('sha256' in reference) return byHash.get(reference.sha256) ?? null
    return byId.get('imageId' in reference ? reference.imageId : reference.uploadId) ?? null
  })
}
