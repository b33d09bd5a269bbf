import type { Db, Queryable } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import type { DecodeGate } from './decode-gate.ts'
import type { ImageLimits } from './image-limits.ts'
import type { StoredType } from './normalize-image.ts'

/** A stored picture. Only READY ones have an object behind them; PENDING is the time while it is being put. */
export type ImageRow = {
  id: string
  tenantId: string
  status: 'PENDING' | 'READY'
  /** Hex, of the stored bytes. */
  sha256: string
  contentType: StoredType
  width: number
  height: number
  byteSize: number
  objectKey: string
  createdAt: Date
}

/** What everything in this folder works with. One `gate` and one spool `directory` for the process. */
export type ImageDeps = {
  db: Db
  storage: ObjectStorage
  limits: ImageLimits
  /** Spooled uploads and encoder output live here for seconds. */
  directory: string
  gate: DecodeGate
}

/** The columns of ImageRow, for `select` and `returning`. */
export const imageColumns: SqlStatement = sql`image.id, image.tenant_id as "tenantId", image.status::text as status,
  image.sha256, image.content_type as "contentType", image.width, image.height, image.byte_size as "byteSize",
  image.object_key as "objectKey", image.created_at as "createdAt"`

/** The tenant's READY image, or null; another tenant's is null too. */
export async function findImage(db: Queryable, tenantId: string, imageId: string): Promise<ImageRow | null> {
  const { rows } = await db.query<ImageRow>(
    sql`select ${imageColumns} from image
        where id = ${imageId}::uuid and tenant_id = ${tenantId}::uuid and status = 'READY'`,
  )
  return rows[0] ?? null
}
