import { v7 } from 'uuid'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { countOthers, lockReviewQueue } from './review-queue-row.ts'

const LEASE_MINUTES = 15

/**
 * Gives the reviewer the queue's next item that they have neither answered nor skipped and that still wants a review, for
 * 15 minutes, and returns the review's id; null: there is none now. Whoever holds an item of the queue gets that one
 * again, with its 15 minutes anew. Throws NotFoundError.
 */
export async function claimReview(
  db: Db,
  { tenantId, queueId, reviewer }: { tenantId: string; queueId: string; reviewer: string },
): Promise<string | null> {
  return await db.transaction(async tx => {
    const queue = await lockReviewQueue(tx, tenantId, queueId)
    const held = await tx.query<{ id: string }>(sql`
      update review set claimed_until = ${leaseEnd}
      from review_item i
      where i.id = review.item_id and i.queue_id = ${queueId}::uuid and review.reviewer = ${reviewer}
        and review.status = 'CLAIMED' and review.claimed_until > clock_timestamp()
      returning review.id`)
    if (held.rows[0] !== undefined) return held.rows[0].id
    // Held until the commit, so that its job is not deleted meanwhile; one that is being deleted is waited for and passed.
    const next = await tx.query<{ id: string }>(sql`
      select i.id from review_item i
      where i.queue_id = ${queueId}::uuid
        and not exists (
          select 1 from review own where own.item_id = i.id and own.reviewer = ${reviewer} and own.status <> 'CLAIMED')
        and ${countOthers(reviewer)} < ${queue.reviewsWanted}::int
      order by i.position limit 1
      for key share of i`)
    if (next.rows[0] === undefined) return null
    const { rows } = await tx.query<{ id: string }>(sql`
      insert into review (id, item_id, reviewer, claimed_until)
      values (${v7()}::uuid, ${next.rows[0].id}::uuid, ${reviewer}, ${leaseEnd})
      on conflict (item_id, reviewer) do update set claimed_until = excluded.claimed_until
      returning id`)
    return rows[0]?.id ?? null
  })
}

const leaseEnd = sql`clock_timestamp() + ${LEASE_MINUTES}::int * interval '1 minute'`
