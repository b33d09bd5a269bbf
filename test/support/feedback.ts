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

/** Lets every claim of a reviewer have run out a minute ago. */
export async function expireClaims(db: Db, reviewer: string): Promise<void> {
  await db.query(`update review set claimed_until = now() - interval '1 minute' where reviewer = $1`, [reviewer])
}
