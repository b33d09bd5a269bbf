import type { Queryable, Tx } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import type { ReviewStatus } from '../generated/prisma/enums.ts'
import { sql } from '../sql.ts'
import { ReviewEndedError } from './errors.ts'
import { countOthers } from './review-queue-row.ts'

/** A review that has not ended, in a queue that the caller has locked. */
export type OpenReview = {
  reviewer: string
  claimedUntil: Date
  /** Whether the claim still runs. */
  isHeld: boolean
  /** How many reviews of its item others have given or hold. */
  others: number
  /** PAIR only. */
  roundAId: string | null
  roundBId: string | null
}

/** Where a review belongs. Throws NotFoundError for one of another tenant. */
export async function findReviewPlace(
  db: Queryable,
  tenantId: string,
  reviewId: string,
): Promise<{ queueId: string; jobId: string }> {
  const { rows } = await db.query<{ queueId: string; jobId: string }>(sql`
    select i.queue_id as "queueId", i.job_id as "jobId"
    from review r join review_item i on i.id = r.item_id join review_queue q on q.id = i.queue_id
    where r.id = ${reviewId}::uuid and q.tenant_id = ${tenantId}::uuid`)
  if (rows[0] === undefined) throw new NotFoundError('reviewId', 'review')
  return rows[0]
}

/** The review as it is now. Needs its queue's lock; throws ReviewEndedError, NotFoundError where it was deleted. */
export async function loadOpenReview(tx: Tx, reviewId: string): Promise<OpenReview> {
  const found = await tx.query<{ reviewer: string; status: ReviewStatus }>(sql`
    select reviewer, status from review where id = ${reviewId}::uuid`)
  const review = found.rows[0]
  if (review === undefined) throw new NotFoundError('reviewId', 'review')
  if (review.status !== 'CLAIMED') throw new ReviewEndedError(review.status)
  const { rows } = await tx.query<OpenReview>(sql`
    select r.reviewer, r.claimed_until as "claimedUntil", r.claimed_until > clock_timestamp() as "isHeld",
      ${countOthers(review.reviewer)} as others, i.round_a_id as "roundAId", i.round_b_id as "roundBId"
    from review r join review_item i on i.id = r.item_id where r.id = ${reviewId}::uuid`)
  if (rows[0] === undefined) throw new NotFoundError('reviewId', 'review')
  return rows[0]
}
