import type { Db } from '../../src/db.ts'
import { createReviewQueue, type NewReviewQueue } from '../../src/feedback/create-review-queue.ts'
import { playJob } from './play-job.ts'

/** The rounds of a job in order, by id. */
export async function roundsOf(db: Db, jobId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select id from round where job_id = $1 order by index, candidate', [
    jobId,
  ])
  return rows.map(({ id }) => id)
}

const scoresOfJobs: [number, number][][] = [
  [[4, 4], [6, 6], [5, 5]], // biome-ignore format: one job a line
  [[7, 7], [3, 3]], // biome-ignore format: as above
  [[6, 6]],
]

/** Finished jobs of 3, 2 and 1 scored rounds, in the batches `of 3`, `of 2` and `of 1`: their ids and their rounds'. */
export async function playReviewable(
  db: Db,
  tenant: { tenantId: string; imageId: string },
): Promise<{ jobs: string[]; rounds: string[][] }> {
  const jobs: string[] = []
  for (const scores of scoresOfJobs) jobs.push(await playJob(db, tenant, scores, { batch: `of ${scores.length}` }))
  return { jobs, rounds: await Promise.all(jobs.map(jobId => roundsOf(db, jobId))) }
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
