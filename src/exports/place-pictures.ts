// Pictures among an export's files are not copied: the file names the object that the store has already, and an image that a
// file names is not swept (see isImageUnneeded).

import type { Tx } from '../db.ts'
import { sql } from '../sql.ts'
import { ExportFailedError } from './errors.ts'

/** A picture by its path in the export. */
export type PlacedPicture = { path: string; sha256: string }

/**
 * Makes files of the pictures; those that are files already are left as they are. The images' rows are locked meanwhile, so
 * that none is swept before its file is known. Gives the bytes that came with it. Throws ExportFailedError.
 */
export async function placePictures(
  tx: Tx,
  { exportId, tenantId }: { exportId: string; tenantId: string },
  placed: readonly PlacedPicture[],
): Promise<number> {
  if (placed.length === 0) return 0
  const hashes = [...new Set(placed.map(({ sha256 }) => sha256))]
  const { rowCount } = await tx.query(sql`
    select from image where tenant_id = ${tenantId}::uuid and sha256 = any(${hashes}::text[]) and status = 'READY'
    order by id for key share`)
  if (rowCount !== hashes.length) {
    throw new ExportFailedError('PICTURE_MISSING', 'A picture was deleted while the export was made; export again.')
  }
  const { rows } = await tx.query<{ bytes: number }>(sql`
    with made as (
      insert into export_file (export_id, position, path, object_key, byte_size, sha256, samples)
      select ${exportId}::uuid,
        (select coalesce(max(position), -1) from export_file where export_id = ${exportId}::uuid) + given.number::int,
        given.path, image.object_key, image.byte_size, image.sha256, 0
      from unnest(${placed.map(({ path }) => path)}::text[], ${placed.map(({ sha256 }) => sha256)}::text[])
        with ordinality as given(path, sha256, number)
      join image on image.tenant_id = ${tenantId}::uuid and image.sha256 = given.sha256
      on conflict (export_id, path) do nothing
      returning byte_size)
    select coalesce(sum(byte_size), 0)::bigint as bytes from made`)
  return rows[0]?.bytes ?? 0
}
