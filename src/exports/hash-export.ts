import { createHash } from 'node:crypto'
import type { Db } from '../db.ts'
import { readExportFiles } from './read-export-files.ts'

/**
 * What tells exports apart: SHA-256, hex, of a line `<sha256>  <path>` a file, in byte order of the paths. So `sha256sum` of
 * all files of a downloaded export, sorted, gives it too.
 */
export async function hashExport(db: Db, exportId: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const { path, sha256 } of readExportFiles(db, exportId)) hash.update(`${sha256}  ${path}\n`)
  return hash.digest('hex')
}
