import type { Db } from '../../src/db.ts'
import { createReviewQueue, type NewReviewQueue } from '../../src/feedback/create-review-queue.ts'

/** The rounds of a job in order, by id. */
export async function roundsOf(db: Db, jobId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select id from round where job_id = $1 order by index, candidate', [
    jobId,
  ])
  return rows.map(({ id }) => id)
}

/** A review queue of all the tenant's trajectories, oldest first; its id. */
export async function openQueue(db: Db, tenantId: string, queue: Partial<NewReviewQueue> = {}): Promise<string> {
  const usual = { name: crypto.randomUUID(), kind: 'PICK', filter: {}, limit: 100, reviewsWanted: 1 } as const
  return await createReviewQueue(db, { tenantId, by: 'the key' }, { ...usual, order: 'OLDEST', ...queue })
}

/** The items of a PAIR queue in order, with their sides. */
export async function sidesOf(db: Db, queueId: string): Promise<{ jobId: string; a: string; b: string }[]> {
  const { rows } = await db.query<{ jobId: string; a: string; b: string }>(
    'select job_id as "jobId", round_a_id as a, round_b_id as b from review_item where queue_id = $1 order by position',
    [queueId],
  )
  return rows
}

/** Lets every claim of a reviewer have run out a minute ago. */
export async function expireClaims(db: Db, reviewer: string): Promise<void> {
  await db.query(`update review set claimed_until = now() - interval '1 minute' where reviewer = $1`, [reviewer])
}
