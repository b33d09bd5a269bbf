// The newest events of every tenant that someone follows here, in commit order, read once for all who follow it.

import type { Logger } from 'pino'
import type { Db } from '../db.ts'
import { comparePositions, type EventPosition, encodeEventCursor } from './event-cursor.ts'
import { type Wakers, wakeAll } from './event-stream.ts'
import type { EventGap, LoggedEvent } from './job-event.ts'
import { outlast } from './outlast.ts'
import { type PlacedEvent, readTenantEvents } from './read-tenant-events.ts'

const TAIL_EVENTS = 256
const FIRST_RECHECK_MS = 2
const LAST_RECHECK_MS = 200
const RETRY_MS = 1_000

/** An event of a tenant's stream; `cursor` resumes after it. */
export type TenantEvent = {
  readonly cursor: string
  readonly position: EventPosition
  readonly event: LoggedEvent | EventGap
}

/** `window` holds all events after `start` up to `head`, in order. */
export type TenantTail = {
  readonly tenantId: string
  start: EventPosition
  head: EventPosition
  window: TenantEvent[]
  followers: number
  readonly wakers: Wakers
}

export type TenantTails = {
  /** The tenant's tail, shared and counted up; a new one begins at `start`. */
  hold(tenantId: string, start: EventPosition): TenantTail
  drop(tail: TenantTail): void
  /** Something of the tenant was committed. */
  hear(tenantId: string): void
  refreshAll(): void
  values(): Iterable<TenantTail>
}

/** Tails over `db`. Once `signal` aborts, nothing is read any more. */
export function makeTenantTails({ db, log, signal }: { db: Db; log: Logger; signal: AbortSignal }): TenantTails {
  const tails = new Map<string, TenantTail>()
  const reading = new Map<TenantTail, { isDirty: boolean; hurry: () => void }>()

  function mark(tail: TenantTail): void {
    const state = reading.get(tail)
    if (state) {
      state.isDirty = true
      state.hurry()
    } else {
      const fresh = { isDirty: true, hurry: () => {} }
      reading.set(tail, fresh)
      queueMicrotask(() => void advance(tail, fresh))
    }
  }

  async function advance(tail: TenantTail, state: { isDirty: boolean; hurry: () => void }): Promise<void> {
    let recheckMs = FIRST_RECHECK_MS
    while (state.isDirty && tail.followers > 0 && !signal.aborted) {
      state.isDirty = false
      try {
        const read = () => readTenantEvents(db, tail.tenantId, tail.head, TAIL_EVENTS)
        const { events, safe, hasUnsafe } = await outlast(read, { signal })
        if (events.length > 0) {
          append(tail, events)
          recheckMs = FIRST_RECHECK_MS
        }
        if (events.length === TAIL_EVENTS) state.isDirty = true
        else if (comparePositions(safe, tail.head) > 0) tail.head = safe
        if (!hasUnsafe || state.isDirty) continue
        // Committed, but an older transaction is still open that may yet commit events which sort before.
        await pause(recheckMs, state)
        recheckMs = Math.min(recheckMs * 2, LAST_RECHECK_MS)
      } catch (error) {
        if (signal.aborted) break
        log.error({ err: error, tenantId: tail.tenantId }, "a tenant's log cannot be read")
        await pause(RETRY_MS, state)
      }
      state.isDirty = true
    }
    reading.delete(tail) // in the same turn as the last look at isDirty: nothing marked is missed
  }

  /** Waits, but no longer than until the next commit is heard of. */
  function pause(ms: number, state: { hurry: () => void }): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        state.hurry = () => {}
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
      state.hurry = end
    })
  }

  return {
    hold(tenantId, start) {
      let tail = tails.get(tenantId)
      if (!tail) {
        tail = { tenantId, start, head: start, window: [], followers: 0, wakers: new Set() }
        tails.set(tenantId, tail)
      }
      tail.followers++
      mark(tail)
      return tail
    },
    drop(tail) {
      tail.followers--
      if (tail.followers === 0 && tails.get(tail.tenantId) === tail) tails.delete(tail.tenantId)
    },
    hear(tenantId) {
      const tail = tails.get(tenantId)
      if (tail) mark(tail)
    },
    refreshAll() {
      for (const tail of tails.values()) mark(tail)
    },
    values: () => tails.values(),
  }
}

function append(tail: TenantTail, events: readonly PlacedEvent[]): void {
  const items = events.map(toTenantEvent)
  const all = [...tail.window, ...items]
  const dropped = all[all.length - TAIL_EVENTS - 1]
  if (dropped) tail.start = dropped.position
  tail.window = all.slice(-TAIL_EVENTS)
  tail.head = items.at(-1)?.position ?? tail.head
  wakeAll(tail.wakers)
}

/** The event with its place as a cursor. */
export function toTenantEvent({ event, position }: PlacedEvent): TenantEvent {
  return { event, position, cursor: encodeEventCursor(position) }
}
