import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * The ids of images that the tenant has stored, by the SHA-256 (hex) of what was uploaded or of the stored bytes. They are
 * kept for another day, as if the bytes had been uploaded again; hashes of which there is none are left out.
 */
export async function reuseImages(db: Db, tenantId: string, hashes: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await db.query<{ id: string; sha256: string; originalSha256: string }>(sql`
    with found as materialized (
      select id from image
      where tenant_id = ${tenantId}::uuid and status = 'READY'
        and (sha256 = any(${hashes}::text[]) or original_sha256 = any(${hashes}::text[]))
      order by id for no key update
    )
    update image set touched_at = now() from found where image.id = found.id
    returning image.id, image.sha256, image.original_sha256 as "originalSha256"`)
  // The stored bytes are named more surely than an upload, which may have been stored in another form.
  return new Map([
    ...rows.map(({ id, originalSha256 }) => [originalSha256, id] as const),
    ...rows.map(({ id, sha256 }) => [sha256, id] as const),
  ])
}
