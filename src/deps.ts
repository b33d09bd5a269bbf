import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Db } from './db.ts'
import type { EventFeed } from './events/event-feed.ts'
import type { ImageDeps } from './images/image-row.ts'
import type { PrismaClient } from './prisma.ts'
import type { ObjectStorage } from './storage/storage.ts'

/** The long-lived things of one API process, made once at its start. */
export type Deps = {
  config: Config
  log: Logger
  db: Db
  prisma: PrismaClient
  storage: ObjectStorage
  /** Signs links and cursors; the same in every process on one database. */
  secret: string
  /** Origin and path prefix under which clients reach this server, without a slash at its end. */
  publicUrl: string
  images: ImageDeps & {
    /** What image links are made with. */
    links: { secret: string; publicUrl: string }
  }
  feed: EventFeed
}
