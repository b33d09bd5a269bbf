// The composition: every long-lived thing of an API process (and of the workers in it) is made here, in order, and closed
// in the opposite one.

import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { makeApi } from '../schema/http/api.ts'
import { type HttpServer, listen } from '../schema/http/http-server.ts'
import { schema } from '../schema/index.ts'
import type { Fleet } from '../workers/fleet/fleet.ts'
import type { FleetWatch } from '../workers/fleet/watch-fleet.ts'
import { startFleetWorker } from '../workers/fleet-worker.ts'
import { startBackgroundWork } from './background-work.ts'
import type { Config } from './config.ts'
import { collectFromDatabase } from './database-metrics.ts'
import { versionBuilds } from './datasets/version-builds.ts'
import { connectDb } from './db.ts'
import type { Deps } from './deps.ts'
import { connectEventFeed } from './events/event-feed.ts'
import { openEpoch } from './events/open-epoch.ts'
import { exportWork } from './exports/export-work.ts'
import { exportPatience } from './exports/outlast-storage.ts'
import { makeDecodeGate } from './images/decode-gate.ts'
import { defaultImageLimits, type ImageLimits } from './images/image-limits.ts'
import { loadSecret } from './load-secret.ts'
import { collectSubscribers, makeMetrics } from './metrics.ts'
import { openDatabase } from './open-database.ts'
import { connectPrisma } from './prisma.ts'
import { openStorage } from './storage/open-storage.ts'
import { startSweeper } from './sweeper.ts'
import { ensureFirstKey } from './tenancy/ensure-first-key.ts'
import { version } from './version.ts'

export type AppOptions = {
  log: Logger
  /** What the workers in this process drive; null: none here. */
  fleet: Fleet | null
  /** How they hear of a changed fleet file; without it the fleet stays as it is. */
  watch?: FleetWatch | undefined
  /** Whether the embedded Postgres is started here, or only attached to. Default: where there are workers. */
  isHost?: boolean
  imageLimits?: Partial<ImageLimits>
}

/** A running server. `firstKey` is the secret of a key that was just made, to be shown once. */
export type RunningApp = { url: string; port: number; firstKey: string | null; deps: Deps }

export type App = {
  /** Resolves when requests are answered and the fleet is registered. Rejects with a sentence for people; call `stop` then too. */
  start(): Promise<RunningApp>
  /** Gives unfinished work back, ends streams so that their readers go on elsewhere, and closes everything. */
  stop(): Promise<void>
}

/** One API process, with workers in it or without. Nothing happens before `start`. */
export function buildApp(config: Config, options: AppOptions): App {
  const { log, fleet, watch, isHost = fleet !== null } = options
  const closers: (() => Promise<void> | void)[] = []
  let http: HttpServer | undefined
  let leave = () => {}
  let endStreams = async () => {}
  let worker: ReturnType<typeof startFleetWorker> | undefined

  async function start(): Promise<RunningApp> {
    http = await listen(config)
    const publicUrl = config.publicUrl ?? toUrl(config.host, http.port)
    const opening = openDatabase(config, { isHost, log })
    // A stop that comes first waits for what is being opened: a half-made cluster would outlive it.
    closers.push(() => opening.then(database => database.close(), ignore))
    const { url } = await opening
    const db = connectDb({ url, log, applicationName: 'pentimento api' })
    closers.push(db.close)

    const secret = await loadSecret(db, config.secret)
    if (await openEpoch(db)) log.warn('the event log begins a new epoch: it was restored from another cluster')
    const first = config.auth === 'keys' ? await ensureFirstKey(db, config.adminKey) : null
    if (first?.isRevoked) log.warn('ADMIN_KEY names a key that was revoked; it opens nothing')

    const links = { secret, publicUrl }
    const storage = await openStorage(config, links)
    const limits = { ...defaultImageLimits, ...options.imageLimits }
    const directory = join(config.dataDir, 'spool')
    const images = { db, storage, limits, directory, gate: makeDecodeGate(), links }
    const prisma = connectPrisma({ url, log })
    closers.push(() => prisma.$disconnect())
    const feed = await connectEventFeed({ db, url, log })
    closers.push(feed.close)
    const deps: Deps = { config, log, db, prisma, storage, secret, publicUrl, images, feed }

    const metrics = makeMetrics(log)
    collectFromDatabase(metrics, db)
    collectSubscribers(metrics.registry, feed.countFollowers)
    const api = await makeApi({ schema, deps, metrics })
    closers.push(api.dispose)
    leave = api.leave
    endStreams = api.endStreams
    const sweeper = startSweeper(images, log)
    closers.push(sweeper.stop)
    const exports = exportWork({ db, storage, directory, links, patience: exportPatience })
    const background = startBackgroundWork({ db, feed, log, works: [versionBuilds(db), exports] })
    closers.push(background.stop)

    if (fleet) {
      worker = startFleetWorker({ db, url, images, log, fleet, watch, host: hostname(), version })
      await worker.ready
    }
    http.serve(api)
    return { url: publicUrl, port: http.port, firstKey: first?.secret ?? null, deps }
  }

  async function stop(): Promise<void> {
    leave()
    await Promise.all([worker?.stop(), http?.close(() => endStreams())])
    for (const close of closers.reverse()) {
      try {
        await close()
      } catch (error) {
        log.warn({ err: error }, 'a part could not be closed cleanly')
      }
    }
  }

  let stopping: Promise<void> | undefined
  return {
    start,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

/** For the failure of a start that whoever started hears of. */
const ignore = () => {}

/** How clients on this machine reach it: a wildcard address is no place to go. */
function toUrl(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
