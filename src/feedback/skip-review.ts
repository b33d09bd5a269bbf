import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { findReviewPlace, loadOpenReview } from './load-review.ts'
import { lockReviewQueue } from './review-queue-row.ts'

/**
 * Ends a review without an answer: its item is others', never this reviewer's again. Throws ReviewEndedError where it has
 * ended, NotFoundError for one of another tenant.
 */
export async function skipReview(
  db: Db,
  { tenantId, reviewId }: { tenantId: string; reviewId: string },
): Promise<void> {
  const { queueId } = await findReviewPlace(db, tenantId, reviewId)
  await db.transaction(async tx => {
    await lockReviewQueue(tx, tenantId, queueId)
    await loadOpenReview(tx, reviewId)
    await tx.query(sql`
      update review set status = 'SKIPPED', ended_at = clock_timestamp() where id = ${reviewId}::uuid`)
  })
}
