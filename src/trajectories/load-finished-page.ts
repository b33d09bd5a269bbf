import type { Queryable } from '../db.ts'
import { decodeEventCursor, encodeEventCursor, oldestPosition } from '../events/event-cursor.ts'
import { assertReached } from './follow-finished.ts'
import { type FinishedTrajectory, readFinished } from './read-finished.ts'
import type { TrajectoryFilter } from './trajectory-filter.ts'

/** `endCursor` resumes after the page, be it empty. `hasNextPage`: there is more to look at, though none may match. */
export type FinishedPage = {
  readonly items: readonly FinishedTrajectory[]
  readonly endCursor: string
  readonly hasNextPage: boolean
}

const CHUNK = 1_000
const CHUNKS = 10

/**
 * The first trajectories that match after the cursor `after` (null: from the oldest), in the order of the stream and by
 * its cursor. Looks at 10,000 at most, so that a filter that nothing matches costs no more than others. Throws
 * InvalidInputError for a text that is no cursor, or a place that this database has not come to.
 */
export async function loadFinishedPage(
  db: Queryable,
  { after, first, ...of }: { tenantId: string; filter: TrajectoryFilter; after: string | null; first: number },
): Promise<FinishedPage> {
  let place = after === null ? oldestPosition : decodeEventCursor(after)
  const items: FinishedTrajectory[] = []
  for (let chunks = 1; ; chunks++) {
    const chunk = await readFinished(db, { ...of, after: place, limit: CHUNK })
    assertReached(place, chunk.end)
    items.push(...chunk.items)
    const last = items[first - 1]
    if (items.length > first) {
      return { items: items.slice(0, first), endCursor: last?.cursor ?? encodeEventCursor(place), hasNextPage: true }
    }
    place = chunk.reached
    if (chunk.hasMore && items.length < first && chunks < CHUNKS) continue
    return { items, endCursor: encodeEventCursor(place), hasNextPage: chunk.hasMore }
  }
}
