import type { Db } from '../db.ts'
import { comparePositions, decodeEventCursor, type EventPosition, encodeEventCursor } from './event-cursor.ts'
import { type EventSource, type EventStream, makeEventStream, type Pulled } from './event-stream.ts'
import { outlast } from './outlast.ts'
import { readSafePosition, readTenantEvents } from './read-tenant-events.ts'
import { type TenantEvent, type TenantTail, type TenantTails, toTenantEvent } from './tenant-tails.ts'

const BATCH = 32
const OPEN_LIMIT_MS = 30_000

/**
 * The events of all of a tenant's jobs after the cursor `after` (null: from now on), each once, in commit order and by
 * seq within a job. Never ends by itself: an older transaction still open delays events and loses none. Throws
 * InvalidInputError for a text that is no cursor; a cursor that this database has not come to yet is answered by an
 * EventGap and the stream goes on from now. An outage of the database is waited out.
 */
export async function followTenant(
  { tenantId, after }: { tenantId: string; after: string | null },
  { db, tails, signal }: { db: Db; tails: TenantTails; signal: AbortSignal },
): Promise<EventStream<TenantEvent>> {
  const asked = after === null ? null : decodeEventCursor(after)
  const { safe, end } = await outlast(() => readSafePosition(db), { signal, limitMs: OPEN_LIMIT_MS })
  const isBeyond = asked !== null && comparePositions(asked, end) > 0
  const start = asked === null || isBeyond ? safe : asked
  const tail = tails.hold(tenantId, safe)
  return makeEventStream(readTail(tail, start, isBeyond, { db, tails, signal }), signal)
}

function readTail(
  tail: TenantTail,
  start: EventPosition,
  beginsWithGap: boolean,
  { db, tails, signal }: { db: Db; tails: TenantTails; signal: AbortSignal },
): EventSource<TenantEvent> {
  let cursor = start
  let gap = beginsWithGap ? makeTenantGap(start) : undefined
  /** What was read for this reader alone, because it is farther behind than the tail reaches. */
  let behind: TenantEvent[] = []

  function pull(): Pulled<TenantEvent> | Promise<'again'> {
    const item = gap ?? behind.shift() ?? findNext(tail, cursor)
    gap = undefined
    if (item === 'behind') return readBehind()
    if (!item) return 'wait'
    cursor = item.position
    return { item }
  }

  async function readBehind(): Promise<'again'> {
    const { events, safe } = await outlast(() => readTenantEvents(db, tail.tenantId, cursor, BATCH), { signal })
    behind = events.map(toTenantEvent)
    if (events.length === 0 && comparePositions(safe, cursor) > 0) cursor = safe
    return 'again'
  }

  return {
    pull,
    wakers: tail.wakers,
    async isGone({ event }) {
      if (event.jobId === null) return false
      const { jobId } = event
      const { rows } = await outlast(() => db.query('select from job where id = $1::uuid', [jobId]), { signal })
      return rows.length === 0
    },
    release: () => tails.drop(tail),
  }
}

/** The first event of the tail after `cursor`; 'behind' where the tail begins later than that. */
function findNext({ start, window }: TenantTail, cursor: EventPosition): TenantEvent | 'behind' | undefined {
  if (comparePositions(cursor, start) < 0) return 'behind'
  let low = 0
  let high = window.length
  while (low < high) {
    const middle = (low + high) >> 1
    const item = window[middle]
    if (item && comparePositions(item.position, cursor) <= 0) low = middle + 1
    else high = middle
  }
  return window[low]
}

/** Said in a tenant's stream where a cursor lies beyond the end of the log: it goes on at `position`. */
export function makeTenantGap(position: EventPosition): TenantEvent {
  const reason =
    'The cursor lies beyond the end of this log, as after the restore of an older backup; events may be missing.'
  const event = { type: 'EVENT_GAP', jobId: null, seq: 0, at: new Date(), fromSeq: 0, toSeq: 0, reason } as const
  return { event, position, cursor: encodeEventCursor(position) }
}
