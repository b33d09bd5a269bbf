import type { Db } from '../db.ts'
import type { ObjectStorage } from '../storage/storage.ts'
import type { Patience } from './outlast-storage.ts'

/** What writing exports works with. */
export type ExportDeps = {
  db: Db
  storage: ObjectStorage
  /** Files are made here before they are stored. */
  directory: string
  /** What links to pictures are made with. */
  links: { secret: string; publicUrl: string }
  patience: Patience
}
