import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerReview } from '../src/feedback/answer-review.ts'
import { claimReview } from '../src/feedback/claim-review.ts'
import { readReviewProgress } from '../src/feedback/review-progress.ts'
import { skipReview } from '../src/feedback/skip-review.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { expireClaims, openQueue, roundsOf } from './support/feedback.ts'
import { playJob } from './support/play-job.ts'
import { seedModels, seedTenant } from './support/stage-driver.ts'

let database: TestDatabase
let tenantId: string
let jobs: string[]

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  const tenant = await seedTenant(database.db)
  tenantId = tenant.tenantId
  jobs = []
  for (let n = 0; n < 5; n++) {
    const scores = [
      [4, 4],
      [6, 6],
    ] as const
    jobs.push(await playJob(database.db, tenant, scores))
  }
})
afterAll(() => database.drop())

const claim = (queueId: string, reviewer: string) => claimReview(database.db, { tenantId, queueId, reviewer })

async function mustClaim(queueId: string, reviewer: string): Promise<string> {
  const reviewId = await claim(queueId, reviewer)
  if (reviewId === null) throw new Error('There was nothing to claim.')
  return reviewId
}

async function placeOf(reviewId: string | null): Promise<{ position: number; jobId: string } | undefined> {
  const { rows } = await database.db.query<{ position: number; jobId: string }>(
    'select i.position, i.job_id as "jobId" from review r join review_item i on i.id = r.item_id where r.id = $1',
    [reviewId],
  )
  return rows[0]
}

async function pick(reviewId: string): Promise<void> {
  const place = await placeOf(reviewId)
  const [chosenRoundId = ''] = await roundsOf(database.db, place?.jobId ?? '')
  const answer = { scores: null, chosenRoundId, isTie: false, reasoning: null }
  await answerReview(database.db, { tenantId, reviewId }, answer)
}

async function progressOf(queueId: string) {
  return (await readReviewProgress(database.db, tenantId, [queueId])).get(queueId)
}

describe('claiming a review', () => {
  it('gives the items in order, each to as many reviewers as the queue wants', async () => {
    const queueId = await openQueue(database.db, tenantId, { reviewsWanted: 2, limit: 2 })
    expect(await placeOf(await claim(queueId, 'ann'))).toEqual({ position: 1, jobId: jobs[0] })
    expect(await placeOf(await claim(queueId, 'bob'))).toEqual({ position: 1, jobId: jobs[0] })
    expect(await placeOf(await claim(queueId, 'cy'))).toEqual({ position: 2, jobId: jobs[1] })
    await pick(await mustClaim(queueId, 'ann'))
    expect(await placeOf(await claim(queueId, 'ann'))).toMatchObject({ position: 2 })
    expect(await claim(queueId, 'di')).toBeNull()
    expect(await progressOf(queueId)).toEqual({ total: 2, done: 0, answered: 1, skipped: 0, claimed: 3 })
    await pick(await mustClaim(queueId, 'bob'))
    expect(await progressOf(queueId)).toEqual({ total: 2, done: 1, answered: 2, skipped: 0, claimed: 2 })
  })

  it('gives whoever holds an item the same again, for 15 minutes anew', async () => {
    const queueId = await openQueue(database.db, tenantId)
    const reviewId = await mustClaim(queueId, 'ann')
    await database.db.query(`update review set claimed_until = now() + interval '1 minute' where id = $1`, [reviewId])
    expect(await claim(queueId, 'ann')).toBe(reviewId)
    const { rows } = await database.db.query<{ minutes: number }>(
      'select extract(epoch from claimed_until - now())::float8 / 60 as minutes from review where id = $1',
      [reviewId],
    )
    expect(rows[0]?.minutes).toBeGreaterThan(14)
    expect(rows[0]?.minutes).toBeLessThanOrEqual(15)
  })

  it('never gives an item that the reviewer has answered or skipped', async () => {
    const queueId = await openQueue(database.db, tenantId, { reviewsWanted: 3, limit: 2 })
    await pick(await mustClaim(queueId, 'ann'))
    const second = await mustClaim(queueId, 'ann')
    await skipReview(database.db, { tenantId, reviewId: second })
    expect(await claim(queueId, 'ann')).toBeNull()
    expect(await placeOf(await claim(queueId, 'bob'))).toMatchObject({ position: 1 })
    expect(await progressOf(queueId)).toEqual({ total: 2, done: 0, answered: 1, skipped: 1, claimed: 1 })
  })

  it('gives an item whose claim ran out to others, and to the same reviewer while it is free', async () => {
    const queueId = await openQueue(database.db, tenantId, { limit: 1 })
    const reviewId = await mustClaim(queueId, 'ann')
    expect(await claim(queueId, 'bob')).toBeNull()
    await expireClaims(database.db, 'ann')
    expect(await claim(queueId, 'ann')).toBe(reviewId)
    await expireClaims(database.db, 'ann')
    expect(await placeOf(await claim(queueId, 'bob'))).toMatchObject({ position: 1 })
    expect(await claim(queueId, 'ann')).toBeNull()
    expect(await progressOf(queueId)).toMatchObject({ claimed: 1 })
  })

  it('hands no item to more rivals than it wants, and none twice to one', async () => {
    const queueId = await openQueue(database.db, tenantId, { reviewsWanted: 2 })
    const rivals = Array.from({ length: 40 }, (_, n) => `rival ${n % 20}`)
    const claims = await Promise.all(rivals.map(async reviewer => ({ reviewer, id: await claim(queueId, reviewer) })))
    const { rows } = await database.db.query<{ reviewer: string; id: string; position: number }>(
      `select r.reviewer, r.id, i.position from review r join review_item i on i.id = r.item_id where i.queue_id = $1`,
      [queueId],
    )
    expect(rows).toHaveLength(10)
    expect(new Set(rows.map(row => row.reviewer)).size).toBe(10)
    for (const position of [1, 2, 3, 4, 5]) expect(rows.filter(row => row.position === position)).toHaveLength(2)
    const given = new Map(rows.map(row => [row.reviewer, row.id]))
    for (const { reviewer, id } of claims) expect(id).toBe(given.get(reviewer) ?? null)
  })

  it('takes no more answers than wanted from rivals whose claims ran out together', async () => {
    const queueId = await openQueue(database.db, tenantId, { limit: 1 })
    const reviews: string[] = []
    for (const reviewer of ['late 1', 'late 2', 'late 3']) {
      reviews.push(await mustClaim(queueId, reviewer))
      await expireClaims(database.db, reviewer)
    }
    const ends = await Promise.allSettled(reviews.map(pick))
    const refused = { status: 'rejected', reason: { code: 'REVIEW_TAKEN', claimedUntil: expect.any(Date) } }
    expect(ends.filter(end => end.status === 'rejected')).toMatchObject([refused, refused])
    expect(await progressOf(queueId)).toEqual({ total: 1, done: 1, answered: 1, skipped: 0, claimed: 0 })
  })

  it('passes the items of jobs that are deleted meanwhile', async () => {
    const tenant = await seedTenant(database.db)
    const [first = '', second = ''] = [
      await playJob(database.db, tenant, [[4, 4]]),
      await playJob(database.db, tenant, [[4, 4]]),
    ]
    const queueId = await openQueue(database.db, tenant.tenantId, { kind: 'SCORE' })
    const [, reviewId] = await Promise.all([
      deleteJob(database.db, { tenantId: tenant.tenantId, jobId: first }),
      claimReview(database.db, { tenantId: tenant.tenantId, queueId, reviewer: 'ann' }),
    ])
    const place = await placeOf(reviewId)
    expect(place === undefined || place.jobId === second).toBe(true)
    const again = await claimReview(database.db, { tenantId: tenant.tenantId, queueId, reviewer: 'ann' })
    expect(await placeOf(again)).toEqual({ position: 2, jobId: second })
  })

  it("is not there for another tenant's queue", async () => {
    const queueId = await openQueue(database.db, tenantId)
    const stranger = await seedTenant(database.db)
    const asked = { tenantId: stranger.tenantId, queueId, reviewer: 'ann' }
    await expect(claimReview(database.db, asked)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'queueId' })
    expect(await progressOf(queueId)).toMatchObject({ claimed: 0 })
  })
})
