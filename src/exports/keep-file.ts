import type { Readable } from 'node:stream'
import type { Lease } from '../background-work.ts'
import type { Tx } from '../db.ts'
import { sql } from '../sql.ts'
import type { ExportDeps } from './export-deps.ts'
import { exportKey } from './export-key.ts'
import { ExportGoneError, whileOwner } from './export-run.ts'
import { outlastStorage } from './outlast-storage.ts'

/** A finished file, not stored yet. */
type MadeFile = { path: string; byteSize: number; sha256: string; samples: number }

type Keeping = {
  lease: Lease
  /** Null: there is none, only what `also` writes. */
  file: MadeFile | null
  read(): Readable
  /** What belongs to the file, in its transaction; `addedBytes`: what the file adds to the export. */
  also(tx: Tx, addedBytes: number): Promise<void>
}

/** Stores a file and makes it one of the export's; of an export that is gone nothing stays. Throws ExportGoneError. */
export async function keepFile(
  { db, storage, patience }: ExportDeps,
  target: { exportId: string; tenantId: string },
  { lease, file, read, also }: Keeping,
): Promise<void> {
  const key = file && exportKey(target, file.sha256)
  if (file && key) {
    const options = { contentType: 'application/octet-stream', byteSize: file.byteSize }
    await outlastStorage(() => storage.put(key, read(), options, lease.signal), patience, lease.signal)
  }
  try {
    await whileOwner(db, lease, async tx => {
      const { rowCount } = file
        ? await tx.query(sql`
            insert into export_file (export_id, position, path, object_key, byte_size, sha256, samples)
            select ${target.exportId}::uuid, coalesce(max(position), -1) + 1, ${file.path}, ${key},
              ${file.byteSize}::bigint, ${file.sha256}, ${file.samples}::int
            from export_file where export_id = ${target.exportId}::uuid
            on conflict (export_id, path) do nothing`)
        : { rowCount: 0 }
      await also(tx, rowCount === 1 ? (file?.byteSize ?? 0) : 0)
    })
  } catch (error) {
    if (error instanceof ExportGoneError && key && (await isCanceled())) await storage.remove([key])
    throw error
  }

  // Whoever has the export now may have put the very same file.
  async function isCanceled(): Promise<boolean> {
    const { rowCount } = await db.query(sql`
      select from export where id = ${target.exportId}::uuid and status in ('QUEUED', 'RUNNING', 'DONE')`)
    return rowCount === 0
  }
}
