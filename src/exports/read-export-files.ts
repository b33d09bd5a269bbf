import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/** A file of an export. */
export type ExportFile = {
  path: string
  objectKey: string
  byteSize: number
  /** Hex. */
  sha256: string
  /** 0: it holds none. */
  samples: number
}

const FILES_A_PAGE = 1_000

/** The export's files in byte order of their paths, those after `after`. */
export async function listExportFiles(
  db: Pick<Db, 'query'>,
  exportId: string,
  { after, first }: { after: string; first: number },
): Promise<ExportFile[]> {
  const { rows } = await db.query<ExportFile>(sql`
    select path, object_key as "objectKey", byte_size as "byteSize", sha256, samples from export_file
    where export_id = ${exportId}::uuid and path > ${after}
    order by path limit ${first}::int`)
  return rows
}

/** The same, all of them, page by page. */
export async function* readExportFiles(
  db: Pick<Db, 'query'>,
  exportId: string,
  after = '',
): AsyncGenerator<ExportFile, void, undefined> {
  for (let last = after; ; ) {
    const files = await listExportFiles(db, exportId, { after: last, first: FILES_A_PAGE })
    yield* files
    last = files.at(-1)?.path ?? last
    if (files.length < FILES_A_PAGE) return
  }
}
