import type { Queryable } from '../db.ts'
import { InvalidInputError } from '../errors.ts'
import { comparePositions, decodeEventCursor, type EventPosition } from '../events/event-cursor.ts'
import { readSafePosition } from '../events/read-tenant-events.ts'

/**
 * The place of the tenant's log that `asOf` names; null: the latest at which nothing can change any more. Throws
 * InvalidInputError for a text that is no cursor, and for a place that this database has not come to.
 */
export async function readAsOf(db: Queryable, asOf: string | null): Promise<EventPosition> {
  const wanted = asOf === null ? null : decodeEventCursor(asOf, 'asOf')
  const { safe } = await readSafePosition(db)
  if (wanted === null) return safe
  if (comparePositions(wanted, safe) <= 0) return wanted
  throw new InvalidInputError('asOf', 'asOf is a place that the log has not come to: pass one back as it was given.')
}
