import type { Tx } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import type { ReviewKind } from '../generated/prisma/enums.ts'
import { type SqlStatement, sql } from '../sql.ts'

/** A review queue as those who hand out its items see it: locked. */
export type ReviewQueueRow = { id: string; kind: ReviewKind; reviewsWanted: number }

/**
 * Takes the queue's lock: claims and answers of one queue come one after the other, so an item never gets more reviewers
 * than it wants, nor a reviewer two items. After the job's lock where both are taken. Throws NotFoundError.
 */
export async function lockReviewQueue(tx: Tx, tenantId: string, queueId: string): Promise<ReviewQueueRow> {
  const { rows } = await tx.query<ReviewQueueRow>(sql`
    select id, kind, reviews_wanted as "reviewsWanted" from review_queue
    where id = ${queueId}::uuid and tenant_id = ${tenantId}::uuid
    for no key update`)
  if (rows[0] === undefined) throw new NotFoundError('queueId', 'review queue')
  return rows[0]
}

/** How many reviews of `review_item i` others than this reviewer have given or hold a running claim for. */
export function countOthers(reviewer: string): SqlStatement {
  return sql`(
    select count(*) from review other
    where other.item_id = i.id and other.reviewer <> ${reviewer} and (
      other.status = 'DONE' or (other.status = 'CLAIMED' and other.claimed_until > clock_timestamp())))`
}
