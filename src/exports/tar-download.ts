// All files of an export as one tar file. Nothing is stored for it: where each member begins follows from the sizes, so a
// download that broke off goes on anywhere, with the bytes that it would have had.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import { TAR_END_BYTES, TAR_TIME } from './pack-tar.ts'
import { readExportFiles } from './read-export-files.ts'

type Deps = { db: Db; storage: ObjectStorage }

/** How long the tar file of an export is. */
export async function tarBytes(db: Db, exportId: string): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>(sql`
    select coalesce(sum(${memberSize}), 0)::bigint + ${TAR_END_BYTES}::int as bytes
    from export_file where export_id = ${exportId}::uuid`)
  return rows[0]?.bytes ?? TAR_END_BYTES
}

/** Its bytes from `start` to `end`, both included. */
export async function openTar(
  deps: Deps,
  exportId: string,
  { start, end }: { start: number; end: number },
  signal?: AbortSignal,
): Promise<Readable> {
  const { after, offset } = await findMember(deps.db, exportId, start)
  return Readable.from(cut(packFrom(deps, exportId, after, signal), start - offset, end - start + 1), {
    objectMode: false,
  })
}

/** The member that the byte lies in: the path before it, and where it begins. */
async function findMember(db: Db, exportId: string, start: number): Promise<{ after: string; offset: number }> {
  if (start === 0) return { after: '', offset: 0 }
  const { rows } = await db.query<{ after: string; offset: number }>(sql`
    select path as after, ends as offset from (
      select path, sum(${memberSize}) over (order by path)::bigint as ends
      from export_file where export_id = ${exportId}::uuid) as member
    where ends <= ${start}::bigint order by ends desc limit 1`)
  return rows[0] ?? { after: '', offset: 0 }
}

/** As memberBytes counts. */
const memberSize = sql`512 + (byte_size + 511) / 512 * 512`

async function* packFrom(deps: Deps, exportId: string, after: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const tar = pack()
  const feeding = feed()
  feeding.catch(error => tar.destroy(error))
  try {
    yield* tar as AsyncIterable<Buffer>
    await feeding
  } finally {
    tar.destroy()
  }

  async function feed(): Promise<void> {
    for await (const { path, objectKey, byteSize } of readExportFiles(deps.db, exportId, after)) {
      const entry = tar.entry({ name: path, size: byteSize, mode: 0o644, mtime: TAR_TIME })
      await pipeline(await deps.storage.get(objectKey, undefined, signal), entry)
    }
    tar.finalize()
  }
}

/** So many bytes, after so many that are dropped. */
async function* cut(chunks: AsyncIterable<Buffer>, drop: number, take: number): AsyncGenerator<Buffer> {
  let dropped = 0
  let taken = 0
  for await (const chunk of chunks) {
    const wanted = chunk.subarray(Math.min(chunk.length, drop - dropped), chunk.length)
    dropped += chunk.length - wanted.length
    const part = wanted.subarray(0, take - taken)
    taken += part.length
    if (part.length > 0) yield part
    if (taken === take) return
  }
}
