// Work that outlives a request, such as building a dataset's version or writing an export: a row says what is to do, and
// any API process does it. One has it at a time, by a lease; when it is killed another takes over after `LEASE_MS`, when it
// stops at once. Each claim makes an owner of its own, so `owner = ...` in a write is a fence against whoever had it before.
// A fault of the database that passes is waited out, ever longer, on the row: `lease_until` without an owner. `takes` counts
// how often the row was begun since it last got further, so that what kills its process does not do so for ever.

import type { Logger } from 'pino'
import { v7 } from 'uuid'
import { type Db, isDatabaseFull, isPassingFault, type Queryable } from './db.ts'
import { DomainError } from './errors.ts'
import type { EventFeed } from './events/event-feed.ts'
import { type SqlStatement, sql } from './sql.ts'

/** The tables whose rows are such work: they have the columns id, owner, lease_until and takes. */
export type WorkTable = 'dataset_version' | 'export'

/** A row that this process has now. */
export type Lease = {
  readonly id: string
  /** Every write of the work must check, under a lock of the row or in its `where`, that the row still has this owner. */
  readonly owner: string
  /** Aborted when the lease is lost or the process stops: the work must stop, and leave the row as it is. */
  readonly signal: AbortSignal
}

/** A fenced write found another owner: the work is no more this process's, or was deleted. `run` may throw it. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
  constructor() {
    super('Another process has this work now, or it is gone.')
  }
}

/** Work was begun `MAX_TAKES` times and got no further; `cause` is what ended it, if its process lived to see that. */
class NoProgressError extends DomainError {
  constructor(cause?: unknown) {
    const [code, message] = isDatabaseFull(cause)
      ? ['DATABASE_FULL', 'The disk of the database is full; free some of it, then start this again.']
      : ['NO_PROGRESS', cause === undefined ? DIED : FAULTS]
    super(code, message, { cause })
  }
}

/** A kind of work. A process does one row of a kind at a time, the oldest first. */
export type BackgroundWork = {
  readonly table: WorkTable
  /** Which rows, by the table's own columns, are to be done. */
  readonly isUnfinished: SqlStatement
  /**
   * Does the row, or goes on with it where another process left it. Its last write must make the row finished; whatever
   * is kept for the next to go on from sets `takes` to 0 with it.
   */
  run(lease: Lease): Promise<void>
  /** Makes the row failed, fenced by the owner: `run` threw what does not pass, or too often got no further. */
  fail(lease: Lease, failure: { code: string; message: string }): Promise<void>
}

type Options = {
  db: Db
  feed: Pick<EventFeed, 'onWork'>
  log: Logger
  works: readonly BackgroundWork[]
}

const LEASE_MS = 15_000
const BEAT_MS = 3_000
// Whoever could not renew for so long stops by itself, before another may start.
const GIVE_UP_MS = 10_000
const POLL_MS = 2_000
// With these pauses a fault of the database may last for 100 s, about as long as one of the object storage.
const MAX_TAKES = 5
const FIRST_PAUSE_MS = 2_000
const LAST_PAUSE_MS = 60_000
const DIED = `The server stopped or lost its database ${MAX_TAKES} times while it did this; give it more memory or ask for less, then start this again.`
const FAULTS = `The database failed or was too slow ${MAX_TAKES} times in a row; start this again when it is well, or ask for less.`

/** Does all `works` until stopped. Notifications only save waiting: what is missed is polled for. */
export function startBackgroundWork({ db, feed, log, works }: Options): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loops = works.map(work => startLoop(work, { db, log, stopping: stopping.signal }))
  const forget = feed.onWork(table => {
    for (const loop of loops) if (table === null || table === loop.table) loop.wake()
  })
  return {
    async stop() {
      forget()
      stopping.abort(new Error('The process stops.'))
      await Promise.all(loops.map(loop => loop.ended))
    },
  }
}

/** Tells every process that a row of the table waits; heard at the commit. */
export async function notifyWork(db: Queryable, table: WorkTable): Promise<void> {
  await db.query(sql`select pg_notify('background_work', ${table})`)
}

type LoopOptions = { db: Db; log: Logger; stopping: AbortSignal }

function startLoop(work: BackgroundWork, options: LoopOptions) {
  const { stopping, log } = options
  let wake = () => {}
  let isWoken = false

  async function loop(): Promise<void> {
    while (!stopping.aborted) {
      isWoken = false
      try {
        while (await doNext(work, options));
      } catch (error) {
        if (!stopping.aborted) log.warn({ err: error, table: work.table }, 'background work is tried again')
      }
      if (!isWoken && !stopping.aborted) await rest()
    }
  }

  function rest(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, POLL_MS)
      timer.unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  stopping.addEventListener('abort', () => wake(), { once: true })
  return {
    table: work.table,
    wake() {
      isWoken = true
      wake()
    },
    ended: loop(),
  }
}

/** False: there was nothing to do, or this process stops. */
async function doNext(work: BackgroundWork, options: LoopOptions): Promise<boolean> {
  const { db, stopping } = options
  const table = tables[work.table]
  const owner = v7()
  const { rows } = await db.query<{ id: string; takes: number }>(sql`
    update ${table} set owner = ${owner}::uuid, takes = takes + 1,
      lease_until = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
    where id = (
      select id from ${table}
      where ${work.isUnfinished} and (lease_until is null or lease_until < clock_timestamp())
      order by id limit 1
      for no key update skip locked)
    returning id, takes`)
  if (!rows[0]) return false
  const { id, takes } = rows[0]
  const lost = new AbortController()
  const lease = { id, owner, signal: AbortSignal.any([lost.signal, stopping]) }
  const beats = startBeats({ db, table, lease, lost })
  let pauseMs: number | null = null
  try {
    if (stopping.aborted) return false
    if (takes > MAX_TAKES) throw new NoProgressError()
    await work.run(lease)
  } catch (error) {
    if (!lease.signal.aborted && !(error instanceof LeaseLostError))
      pauseMs = await settle(work, { ...options, lease }, error)
  } finally {
    clearInterval(beats)
    // Whatever is unfinished is anybody's again, after the pause. To have been stopped is no fault of the work.
    await db.query(sql`
      update ${table} set owner = null, lease_until = clock_timestamp() + ${pauseMs}::int * interval '1 millisecond',
        takes = greatest(takes - ${stopping.aborted ? 1 : 0}::int, 0)
      where id = ${id}::uuid and owner = ${owner}::uuid`)
    if (stopping.aborted) await notifyWork(db, work.table)
  }
  return !stopping.aborted
}

function startBeats({ db, table, lease, lost }: BeatOptions): NodeJS.Timeout {
  let renewedAt = Date.now()
  const timer = setInterval(async () => {
    const at = Date.now()
    try {
      const { rowCount } = await db.query(sql`
        update ${table} set lease_until = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
        where id = ${lease.id}::uuid and owner = ${lease.owner}::uuid`)
      if (rowCount === 0) lost.abort(new LeaseLostError())
      else renewedAt = at
    } catch (error) {
      if (Date.now() - renewedAt > GIVE_UP_MS) lost.abort(error)
    }
  }, BEAT_MS)
  timer.unref()
  return timer
}

type BeatOptions = { db: Db; table: SqlStatement; lease: Lease; lost: AbortController }

/** What becomes of a row whose work threw: it waits for so many ms until it is done again, or null: it is failed. */
async function settle(
  work: BackgroundWork,
  { db, log, lease }: LoopOptions & { lease: Lease },
  error: unknown,
): Promise<number | null> {
  const { table } = work
  if (!isPassingFault(error)) {
    await recordFailure(work, { log, lease }, error)
    return null
  }
  const { rows } = await db.query<{ takes: number }>(sql`
    select takes from ${tables[table]} where id = ${lease.id}::uuid and owner = ${lease.owner}::uuid`)
  const takes = rows[0]?.takes ?? 0
  if (takes >= MAX_TAKES) {
    await recordFailure(work, { log, lease }, new NoProgressError(error))
    return null
  }
  const pauseMs = Math.min(FIRST_PAUSE_MS * 4 ** Math.max(takes - 1, 0), LAST_PAUSE_MS)
  log.warn({ err: error, table, id: lease.id, takes, pauseMs }, 'background work waits for the database')
  return pauseMs
}

type FailureOptions = { log: Logger; lease: Lease }

async function recordFailure(work: BackgroundWork, { log, lease }: FailureOptions, error: unknown): Promise<void> {
  log.error({ err: error, table: work.table, id: lease.id }, 'background work failed')
  const isExpected = error instanceof DomainError
  await work.fail(lease, {
    code: isExpected ? error.code : 'INTERNAL',
    message: isExpected ? error.message : 'It failed by a fault of the server, whose log says more.',
  })
}

const tables: Readonly<Record<WorkTable, SqlStatement>> = { dataset_version: sql`dataset_version`, export: sql`export` }
