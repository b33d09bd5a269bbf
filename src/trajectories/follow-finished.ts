// A live dataset: the tenant's log tells when something ended, what of it matches is read from the trajectories in the
// same order. So the log's own guarantee is this stream's.

import type { Db } from '../db.ts'
import { InvalidInputError } from '../errors.ts'
import { comparePositions, decodeEventCursor, type EventPosition, encodeEventCursor } from '../events/event-cursor.ts'
import { type EventSource, type EventStream, makeEventStream, type Pulled } from '../events/event-stream.ts'
import { outlast } from '../events/outlast.ts'
import { readSafePosition } from '../events/read-tenant-events.ts'
import type { TenantTail, TenantTails } from '../events/tenant-tails.ts'
import { sql } from '../sql.ts'
import { type FinishedChunk, type FinishedTrajectory, readFinished } from './read-finished.ts'
import type { TrajectoryFilter } from './trajectory-filter.ts'

/** How many trajectories are looked at in one statement, however few of them match. */
const CHUNK = 256
const OPEN_LIMIT_MS = 30_000

/** What to follow: a tenant's trajectories that match, after a cursor of its log; null: from now on. */
export type FollowedFinished = { tenantId: string; filter: TrajectoryFilter; after: string | null }

/**
 * The trajectories that match, each as its run ends, in commit order, each end once; a filter on feedback asks what was
 * known when it is read. One that was retried is given again when it has ended again, at its new place; one that was
 * retried or deleted before it was read is not. Never ends by itself; an outage of the database is waited out. Throws
 * InvalidInputError for a text that is no cursor, or a place that this database has not come to.
 */
export async function followFinished(
  { tenantId, filter, after }: FollowedFinished,
  { db, tails, signal }: { db: Db; tails: TenantTails; signal: AbortSignal },
): Promise<EventStream<FinishedTrajectory>> {
  const asked = after === null ? null : decodeEventCursor(after)
  const { safe, end } = await outlast(() => readSafePosition(db), { signal, limitMs: OPEN_LIMIT_MS })
  if (asked !== null) assertReached(asked, end)
  const tail = tails.hold(tenantId, safe)
  return makeEventStream(readTail(tail, { filter, start: asked ?? safe }, { db, tails, signal }), signal)
}

/** Throws InvalidInputError for a place beyond the end of what a database has given out, as after the restore of a backup. */
export function assertReached(after: EventPosition, end: EventPosition): void {
  if (comparePositions(after, end) <= 0) return
  const reason = 'after lies beyond the end of this log, as after the restore of an older backup: begin anew.'
  throw new InvalidInputError('after', reason)
}

function readTail(
  tail: TenantTail,
  { filter, start }: { filter: TrajectoryFilter; start: EventPosition },
  { db, tails, signal }: { db: Db; tails: TenantTails; signal: AbortSignal },
): EventSource<FinishedTrajectory> {
  const { tenantId } = tail
  const name = JSON.stringify(filter)
  let found: FinishedTrajectory[] = []
  /** Up to here everything was given or does not match; what is still in `found` lies before it. */
  let looked = start

  function pull(): Pulled<FinishedTrajectory> | Promise<'again'> {
    const item = found.shift()
    if (item) return { item }
    if (hasFinished(tail, looked)) return readOn()
    if (comparePositions(tail.head, looked) > 0) looked = tail.head
    return 'wait'
  }

  async function readOn(): Promise<'again'> {
    const read = () => readFinished(db, { tenantId, filter, after: looked, limit: CHUNK })
    const chunk = await outlast(() => share(tail, `${encodeEventCursor(looked)} ${name}`, read), { signal })
    found = [...chunk.items]
    if (comparePositions(chunk.reached, looked) > 0) looked = chunk.reached
    return 'again'
  }

  return {
    pull,
    wakers: tail.wakers,
    async isGone({ jobId, seq }) {
      const ended = sql`select from trajectory where job_id = ${jobId}::uuid and seq = ${seq}::int`
      const { rowCount } = await outlast(() => db.query(ended), { signal })
      return rowCount === 0
    },
    release: () => tails.drop(tail),
  }
}

/** Whether a run may have ended after `looked`: it did by the tail, or the tail begins later than that. */
function hasFinished({ start, window }: TenantTail, looked: EventPosition): boolean {
  if (comparePositions(looked, start) < 0) return true
  const seen = window.findLastIndex(({ position }) => comparePositions(position, looked) <= 0)
  return window.slice(seen + 1).some(({ event }) => event.type === 'JOB_FINISHED')
}

const reading = new WeakMap<TenantTail, Map<string, Promise<FinishedChunk>>>()

/** One read for all readers of a tail who are woken at the same place with the same filter. */
function share(tail: TenantTail, key: string, read: () => Promise<FinishedChunk>): Promise<FinishedChunk> {
  const known = reading.get(tail) ?? new Map<string, Promise<FinishedChunk>>()
  reading.set(tail, known)
  const chunk = known.get(key) ?? read().finally(() => known.delete(key))
  known.set(key, chunk)
  return chunk
}
