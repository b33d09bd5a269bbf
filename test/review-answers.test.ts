import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerReview, type ReviewAnswer } from '../src/feedback/answer-review.ts'
import { claimReview } from '../src/feedback/claim-review.ts'
import { readReviewAgreement } from '../src/feedback/review-agreement.ts'
import { skipReview } from '../src/feedback/skip-review.ts'
import type { Feedback } from '../src/jobs/add-critique.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { expireClaims, openQueue, playReviewable, sidesOf } from './support/feedback.ts'
import { seedModels, seedTenant } from './support/stage-driver.ts'

let database: TestDatabase
let tenantId: string
let jobs: string[]
let rounds: string[][]

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  const tenant = await seedTenant(database.db)
  tenantId = tenant.tenantId
  ;({ jobs, rounds } = await playReviewable(database.db, tenant))
})
afterAll(() => database.drop())

async function claim(queueId: string, reviewer: string): Promise<string> {
  const reviewId = await claimReview(database.db, { tenantId, queueId, reviewer })
  if (reviewId === null) throw new Error('There was nothing to claim.')
  return reviewId
}

function answer(reviewId: string, given: Partial<ReviewAnswer>): Promise<void> {
  const empty = { scores: null, chosenRoundId: null, isTie: false, reasoning: null }
  return answerReview(database.db, { tenantId, reviewId }, { ...empty, ...given })
}

function score(roundId: string, semantic: number, quality = semantic): Feedback {
  return { roundId, semantic, quality, isSatisfied: null, reasoning: null, refinedPrompt: null }
}

async function readAll(statement: string): Promise<unknown[]> {
  return (await database.db.query(statement)).rows
}

describe('an answer', () => {
  it('of scores becomes critiques of the reviewer, which the job tells of and the trajectory counts', async () => {
    const queueId = await openQueue(database.db, tenantId, { kind: 'SCORE', limit: 1 })
    const reviewId = await claim(queueId, 'ann')
    const [first = '', second = ''] = rounds[0] ?? []
    const scores = [score(second, 4, 9), { ...score(first, 1), reasoning: 'dull' }]
    await answer(reviewId, { scores, reasoning: 'as seen' })
    const { rows } = await database.db.query(
      `select c.round_id, c.source, c.by, c.overall, c.reasoning, e.type from review_critique rc
       join critique c on c.id = rc.critique_id join job_event e on e.critique_id = c.id
       where rc.review_id = $1 order by e.seq`,
      [reviewId],
    )
    const written = { source: 'HUMAN', by: 'ann', type: 'CRITIQUE_ADDED' }
    expect(rows).toEqual([
      { ...written, round_id: second, overall: 6, reasoning: 'as seen' },
      { ...written, round_id: first, overall: 1, reasoning: 'dull' },
    ])
    const trajectory = 'select has_human_critique from trajectory where job_id = $1'
    expect((await database.db.query(trajectory, [jobs[0]])).rows).toEqual([{ has_human_critique: true }])
    await expect(answer(reviewId, { scores })).rejects.toMatchObject({ code: 'REVIEW_ENDED', status: 'DONE' })
  })

  it('to a pick or a pair becomes a preference of the reviewer', async () => {
    const picks = await openQueue(database.db, tenantId, { kind: 'PICK', limit: 1 })
    const pairs = await openQueue(database.db, tenantId, { kind: 'PAIR', limit: 1, reviewsWanted: 2 })
    const [side] = await sidesOf(database.db, pairs)
    const third = rounds[0]?.[2] ?? ''
    const preferenceOf = async (reviewId: string) => {
      const { rows } = await database.db.query(
        `select p.kind, p.chosen_round_id as chosen, p.rejected_round_id as rejected, p.is_tie, p.by, p.reasoning
         from review r join preference p on p.id = r.preference_id where r.id = $1`,
        [reviewId],
      )
      return rows
    }
    const pick = await claim(picks, 'ann')
    await answer(pick, { chosenRoundId: third, reasoning: 'sharp' })
    const of = { by: 'ann', reasoning: null, is_tie: false }
    expect(await preferenceOf(pick)).toEqual([
      { ...of, kind: 'PICK', chosen: third, rejected: null, reasoning: 'sharp' },
    ])
    const pair = await claim(pairs, 'ann')
    await answer(pair, { chosenRoundId: side?.b ?? '' })
    expect(await preferenceOf(pair)).toEqual([{ ...of, kind: 'PAIR', chosen: side?.b, rejected: side?.a }])
    const tie = await claim(pairs, 'bob')
    await answer(tie, { isTie: true })
    expect(await preferenceOf(tie)).toEqual([
      { ...of, by: 'bob', kind: 'PAIR', chosen: side?.a, rejected: side?.b, is_tie: true },
    ])
  })

  it('that does not fit is refused, nothing is stored and the review goes on', async () => {
    const [first = '', second = '', third = ''] = rounds[0] ?? []
    const foreign = rounds[1]?.[0] ?? ''
    const tables =
      'select (select count(*) from critique), (select count(*) from preference), (select count(*) from job_event)'
    const cases = [
      ['SCORE', {}, 'scores'],
      ['SCORE', { scores: [] }, 'scores'],
      ['SCORE', { scores: [score(first, 5)], chosenRoundId: first }, 'chosenRoundId'],
      ['SCORE', { scores: [score(first, 5)], isTie: true }, 'isTie'],
      ['SCORE', { scores: [score(first, 5), score(foreign, 5)] }, 'scores.1.roundId'],
      ['SCORE', { scores: [score(first, 5), score(first, 6)] }, 'scores.1.roundId'],
      ['PICK', {}, 'chosenRoundId'],
      ['PICK', { isTie: true }, 'isTie'],
      ['PICK', { chosenRoundId: foreign }, 'chosenRoundId'],
      ['PICK', { chosenRoundId: first, scores: [score(first, 5)] }, 'scores'],
      ['PAIR', {}, 'chosenRoundId'],
      ['PAIR', { chosenRoundId: third }, 'chosenRoundId'],
      ['PAIR', { chosenRoundId: second, isTie: true }, 'chosenRoundId'],
    ] as const
    const queues = {
      SCORE: await openQueue(database.db, tenantId, { kind: 'SCORE' }),
      PICK: await openQueue(database.db, tenantId, { kind: 'PICK' }),
      PAIR: await openQueue(database.db, tenantId, { kind: 'PAIR' }),
    }
    const before = await readAll(tables)
    for (const [kind, given, field] of cases) {
      const reviewId = await claim(queues[kind], 'ann')
      await expect(answer(reviewId, given as Partial<ReviewAnswer>), `${kind} ${field}`).rejects.toMatchObject({
        field,
      })
      expect(await claim(queues[kind], 'ann')).toBe(reviewId)
    }
    expect(await readAll(tables)).toEqual(before)
  })

  it('after the claim ran out counts while nobody has taken the item', async () => {
    const queueId = await openQueue(database.db, tenantId, { limit: 1 })
    const early = await claim(queueId, 'ann')
    await expireClaims(database.db, 'ann')
    const late = await claim(queueId, 'bob')
    const [chosenRoundId = ''] = rounds[0] ?? []
    await expect(answer(early, { chosenRoundId })).rejects.toMatchObject({ code: 'REVIEW_TAKEN' })
    await skipReview(database.db, { tenantId, reviewId: late })
    await answer(early, { chosenRoundId })
    await expect(skipReview(database.db, { tenantId, reviewId: early })).rejects.toMatchObject({ status: 'DONE' })
    await expect(answer(late, { chosenRoundId })).rejects.toMatchObject({ code: 'REVIEW_ENDED', status: 'SKIPPED' })
  })

  it("to another tenant's review is refused as if there were none", async () => {
    const reviewId = await claim(await openQueue(database.db, tenantId), 'ann')
    const stranger = await seedTenant(database.db)
    const target = { tenantId: stranger.tenantId, reviewId }
    const given = { scores: null, chosenRoundId: rounds[0]?.[0] ?? '', isTie: false, reasoning: null }
    const absent = { code: 'NOT_FOUND', field: 'reviewId' }
    await expect(answerReview(database.db, target, given)).rejects.toMatchObject(absent)
    await expect(skipReview(database.db, target)).rejects.toMatchObject(absent)
    const { rows } = await database.db.query('select status from review where id = $1', [reviewId])
    expect(rows).toEqual([{ status: 'CLAIMED' }])
  })
})

describe('the agreement of a queue', () => {
  it('is of the choices of its items, a tie and each side or round being one', async () => {
    const queueId = await openQueue(database.db, tenantId, { kind: 'PAIR', reviewsWanted: 3 })
    const sides = await sidesOf(database.db, queueId)
    // A A TIE, and B B; one more has claimed and says nothing.
    const says = { ann: ['a', 'b'], bob: ['a', 'b'], cy: ['tie'] }
    for (const [reviewer, choices] of Object.entries(says)) {
      for (const [n, choice] of choices.entries()) {
        const chosenRoundId = choice === 'tie' ? null : (sides[n]?.[choice as 'a' | 'b'] ?? null)
        await answer(await claim(queueId, reviewer), { chosenRoundId, isTie: choice === 'tie' })
      }
    }
    await claim(queueId, 'di')
    const { alpha, ...rest } = (await readReviewAgreement(database.db, { tenantId, queueId })) ?? {}
    expect(rest).toEqual({
      ...{ kind: 'PAIR', reviewers: 3, units: 2, pairs: 4, agreeingShare: 0.5 },
      ...{ fleissKappa: null, meanAbsoluteDifference: null },
    })
    expect(alpha).toBeCloseTo(0.5, 12) // 1 - (1 - 3/5) / (1 - 4/20)
  })

  it('is of the overall scores of each round', async () => {
    const queueId = await openQueue(database.db, tenantId, { kind: 'SCORE', reviewsWanted: 3, limit: 1 })
    const [first = '', second = '', third = ''] = rounds[0] ?? []
    await answer(await claim(queueId, 'ann'), { scores: [score(first, 2), score(second, 6), score(third, 8)] })
    await answer(await claim(queueId, 'bob'), { scores: [score(first, 4), score(second, 6), score(third, 10)] })
    await answer(await claim(queueId, 'cy'), { scores: [{ ...score(first, 9), quality: null }, score(third, 9)] })
    const { alpha, ...rest } = (await readReviewAgreement(database.db, { tenantId, queueId })) ?? {}
    expect(rest).toEqual({
      ...{ kind: 'SCORE', reviewers: 3, units: 3, pairs: 5, agreeingShare: null },
      ...{ fleissKappa: null, meanAbsoluteDifference: 1.2 },
    })
    expect(alpha).toBeCloseTo(1 - 84 / 668, 12) // as worked out for these numbers in agreement.test.ts
    const { tenantId: stranger } = await seedTenant(database.db)
    expect(await readReviewAgreement(database.db, { tenantId: stranger, queueId })).toBeNull()
  })
})
