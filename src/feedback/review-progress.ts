import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'

/** How far a review queue is. */
export type ReviewProgress = {
  /** Items. */
  total: number
  /** Items that have all the reviews that the queue wants. */
  done: number
  /** Reviews given, reviews skipped, and claims that run now. */
  answered: number
  skipped: number
  claimed: number
}

/** By queue id. */
export async function readReviewProgress(
  db: Queryable,
  tenantId: string,
  queueIds: readonly string[],
): Promise<Map<string, ReviewProgress>> {
  const { rows } = await db.query<ReviewProgress & { id: string }>(sql`
    select q.id, count(i.id) as total, count(i.id) filter (where given.answered >= q.reviews_wanted) as done,
      coalesce(sum(given.answered), 0)::int8 as answered, coalesce(sum(given.skipped), 0)::int8 as skipped,
      coalesce(sum(given.claimed), 0)::int8 as claimed
    from review_queue q
    left join review_item i on i.queue_id = q.id
    left join lateral (
      select count(*) filter (where r.status = 'DONE') as answered, count(*) filter (where r.status = 'SKIPPED') as skipped,
        count(*) filter (where r.status = 'CLAIMED' and r.claimed_until > clock_timestamp()) as claimed
      from review r where r.item_id = i.id
    ) as given on true
    where q.tenant_id = ${tenantId}::uuid and q.id = any(${[...queueIds]}::uuid[])
    group by q.id`)
  return new Map(rows.map(({ id, ...progress }) => [id, progress]))
}
