import type { Queryable } from '../db.ts'
import { InvalidInputError } from '../errors.ts'
import { comparePositions, decodeEventCursor, encodeEventCursor, oldestPosition } from './event-cursor.ts'
import { makeTenantGap } from './follow-tenant.ts'
import { type JobEvent, makeBeyondGap } from './job-event.ts'
import { checkSeq, readJobEvents } from './read-job-events.ts'
import { readTenantEvents } from './read-tenant-events.ts'
import { type TenantEvent, toTenantEvent } from './tenant-tails.ts'

/** The most events that one page gives. */
export const MAX_EVENTS_A_PAGE = 500

/** `lastSeq` is the job's; `isFinal`: the job is terminal and this page reaches its last event. */
export type JobEventPage = { readonly events: JobEvent[]; readonly lastSeq: number; readonly isFinal: boolean }

/**
 * The page of a job's log after seq `after`, the same cursor as the stream's; null for another tenant's job. An `after`
 * beyond the last event gives an EventGap. Throws InvalidInputError for an `after` or `first` out of range.
 */
export async function loadJobEventPage(
  db: Queryable,
  { tenantId, jobId, after, first }: { tenantId: string; jobId: string; after: number; first: number },
): Promise<JobEventPage | null> {
  checkFirst(first)
  checkSeq(after)
  const log = await readJobEvents(db, jobId, after, first)
  if (log?.tenantId !== tenantId) return null
  const { lastSeq, isTerminal } = log
  const gaps = after > lastSeq && first > 0 ? [makeBeyondGap(jobId, lastSeq, after)] : []
  const reached = log.events.at(-1)?.seq ?? after
  return { events: [...log.events, ...gaps], lastSeq, isFinal: isTerminal && reached >= lastSeq }
}

/** `endCursor` resumes after the page, be it empty: then it is where a reader stands that has read all there is. */
export type TenantEventPage = { readonly events: TenantEvent[]; readonly endCursor: string }

/**
 * The page of all of a tenant's jobs' events after the cursor `after` (null: from the oldest), the same cursor and order
 * as the stream's. Throws InvalidInputError for a text that is no cursor or a `first` out of range.
 */
export async function loadTenantEventPage(
  db: Queryable,
  { tenantId, after, first }: { tenantId: string; after: string | null; first: number },
): Promise<TenantEventPage> {
  checkFirst(first)
  const position = after === null ? oldestPosition : decodeEventCursor(after)
  const log = await readTenantEvents(db, tenantId, position, first)
  if (comparePositions(position, log.end) > 0) {
    const gap = makeTenantGap(log.safe)
    return { events: first > 0 ? [gap] : [], endCursor: gap.cursor }
  }
  const events = log.events.map(toTenantEvent)
  const isBefore = comparePositions(position, log.safe) < 0
  const end = first > 0 && isBefore ? log.safe : position
  return { events, endCursor: events.at(-1)?.cursor ?? encodeEventCursor(end) }
}

function checkFirst(first: number): void {
  if (Number.isInteger(first) && first >= 0 && first <= MAX_EVENTS_A_PAGE) return
  throw new InvalidInputError('first', `first must be from 0 to ${MAX_EVENTS_A_PAGE}, not ${first}.`)
}
