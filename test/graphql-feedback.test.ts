import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller, createFinishedJob, type Trajectory } from './support/seed.ts'
import { seedModels } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
let made: Trajectory

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'WRITE')
  made = await createFinishedJob(api.db, caller)
})
afterAll(() => api.close())

const refused = '__typename ... on Error { code message }'
const notFound = '... on NotFoundError { field }'
const invalid = `${refused} ... on InvalidInputError { field }`

async function change(name: string, input: object, success: string, by = caller) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const document = `mutation($input: ${type}Input!) {
    ${name}(input: $input) { ${invalid} ${name === 'createReviewQueue' ? '' : notFound} ... on ${type}Success { ${success} } }
  }`
  return (await api.get(by, document, { input }))[name]
}

const prefer = (input: object, by = caller) =>
  change(
    'addPreference',
    input,
    'preference { id kind chosenRound { id } rejectedRound { id } isTie by reasoning createdAt }',
    by,
  )
const answer = (input: object) =>
  change('answerReview', input, 'review { status endedAt preference { isTie } critiques { by overall round { id } } }')
const open = (input: object, by = caller) =>
  change('createReviewQueue', input, 'queue { id name kind reviewsWanted by progress { total done answered } }', by)

async function claim(queueId: string, reviewer: string | null = null) {
  const document = `mutation($queueId: ID!, $reviewer: String) { claimReview(queueId: $queueId, reviewer: $reviewer) {
    ${invalid} ... on ClaimReviewSuccess { review {
      id reviewer status claimedUntil endedAt position queue { id } job { id rounds { id } } roundA { id } roundB { id } } }
  } }`
  return (await api.get(caller, document, { queueId, reviewer })).claimReview
}

async function countFeedback(): Promise<unknown> {
  const { rows } = await api.db.query(
    'select (select count(*) from preference) as p, (select count(*) from critique) as c, (select count(*) from review_queue) as q',
  )
  return rows[0]
}

describe('preferences', () => {
  test('are added by a key or the reviewer it names, and read from the round and the job', async () => {
    const [first, second] = made.rounds
    const { preference: pick } = await prefer({ kind: 'PICK', chosenRoundId: second, reasoning: 'sharper' })
    expect(pick).toMatchObject({ kind: 'PICK', chosenRound: { id: second }, rejectedRound: null, by: 'write key' })
    const pair = { kind: 'PAIR', chosenRoundId: first, rejectedRoundId: second, isTie: true, reviewer: 'ann' }
    const { preference: tie } = await prefer(pair)
    expect(tie).toMatchObject({ rejectedRound: { id: second }, isTie: true, by: 'ann', reasoning: null })
    const document = `query($id: ID!, $tie: ID!) {
      job(id: $id) { preferences { id } rounds { id preferences { id by createdAt } } }
      node(id: $tie) { ... on Preference { isTie } }
    }`
    const { job, node } = await api.get(caller, document, { id: made.job, tie: tie.id })
    expect(job.preferences).toEqual([{ id: tie.id }, { id: pick.id }])
    const of = ({ id, by, createdAt }: typeof tie) => ({ id, by, createdAt })
    expect(job.rounds.map((round: { preferences: object[] }) => round.preferences)).toEqual([
      [of(tie)],
      [of(tie), of(pick)],
    ])
    expect(node).toEqual({ isTie: true })
  })

  test('that make no sense are refused with the field, and nothing is stored', async () => {
    const [first, second] = made.rounds
    const before = await countFeedback()
    const cases = [
      [{ kind: 'PAIR', chosenRoundId: first }, 'rejectedRoundId'],
      [{ kind: 'PICK', chosenRoundId: first, rejectedRoundId: second }, 'rejectedRoundId'],
      [{ kind: 'PAIR', chosenRoundId: first, rejectedRoundId: first }, 'rejectedRoundId'],
      [{ kind: 'PICK', chosenRoundId: first, isTie: true }, 'isTie'],
      [{ kind: 'PICK', chosenRoundId: first, reasoning: '' }, 'reasoning'],
      [{ kind: 'PICK', chosenRoundId: first, reviewer: '' }, 'reviewer'],
      [{ kind: 'PICK', chosenRoundId: first, reviewer: 'x'.repeat(101) }, 'reviewer'],
    ] as const
    for (const [input, field] of cases)
      expect(await prefer(input), field).toMatchObject({ code: 'INVALID_INPUT', field })
    expect(await prefer({ kind: 'PICK', chosenRoundId: made.job })).toMatchObject({ code: 'NOT_FOUND' })
    expect(await countFeedback()).toEqual(before)
  })

  test('and critiques carry the reviewer that is named', async () => {
    const input = { roundId: made.rounds[0], quality: 5 }
    const by = async (more: object) => (await change('addCritique', { ...input, ...more }, 'critique { by }')).critique
    expect(await by({ reviewer: 'ann' })).toEqual({ by: 'ann' })
    expect(await by({})).toEqual({ by: 'write key' })
    const before = await countFeedback()
    expect(await change('addCritique', { ...input, reviewer: '' }, '__typename')).toMatchObject({ field: 'reviewer' })
    expect(await countFeedback()).toEqual(before)
  })
})

describe('a review queue', () => {
  test('is worked through: claimed, answered, skipped, counted and agreed upon', async () => {
    const [first, second] = made.rounds
    const { queue } = await open({ name: 'scores', kind: 'SCORE', reviewsWanted: 2, filter: { rounds: { gte: 2 } } })
    expect(queue).toMatchObject({
      ...{ name: 'scores', kind: 'SCORE', reviewsWanted: 2, by: 'write key' },
      progress: { total: 1, done: 0, answered: 0 },
    })
    const { review } = await claim(queue.id, 'ann')
    expect(review).toMatchObject({
      ...{ reviewer: 'ann', status: 'CLAIMED', position: 1, queue: { id: queue.id }, roundA: null, roundB: null },
      ...{ job: { id: made.job, rounds: [{ id: first }, { id: second }] }, endedAt: null },
    })
    const scores = [
      { roundId: first, semantic: 4, quality: 4 },
      { roundId: second, semantic: 9, quality: 9 },
    ]
    expect((await answer({ reviewId: review.id, scores })).review).toEqual({
      ...{ status: 'DONE', endedAt: expect.any(String), preference: null },
      critiques: [
        { by: 'ann', overall: 4, round: { id: first } },
        { by: 'ann', overall: 9, round: { id: second } },
      ],
    })
    expect(await answer({ reviewId: review.id, scores })).toMatchObject({ __typename: 'ReviewEndedError' })
    expect(await claim(queue.id, 'ann')).toEqual({ __typename: 'ClaimReviewSuccess', review: null })
    const own = await claim(queue.id)
    expect(own.review.reviewer).toBe('write key')
    await answer({ reviewId: own.review.id, scores: [{ roundId: first, semantic: 6, quality: 6 }] })
    const document = `query($id: ID!) {
      reviewQueue(id: $id) { progress { total done answered skipped claimed } }
      reviewQueues { edges { node { id } } }
      reviewAgreement(queueId: $id) { kind reviewers units pairs meanAbsoluteDifference alpha agreeingShare fleissKappa }
      calibration { key rounds pearson picks agreeingPicks bins { from to rounds thinker others } }
    }`
    const read = await api.get(caller, document, { id: queue.id })
    expect(read.reviewQueue.progress).toEqual({ total: 1, done: 1, answered: 2, skipped: 0, claimed: 0 })
    expect(read.reviewQueues.edges).toEqual([{ node: { id: queue.id } }])
    expect(read.reviewAgreement).toEqual({
      ...{ kind: 'SCORE', reviewers: 2, units: 1, pairs: 1, meanAbsoluteDifference: 2 },
      ...{ alpha: 0, agreeingShare: null, fleissKappa: null },
    })
    expect(read.calibration).toMatchObject([{ key: null, rounds: 2, picks: 1, agreeingPicks: 1 }])
    expect(read.calibration[0].bins).toMatchObject([
      { from: 5, to: 6, others: 5 },
      { from: 9, to: 10, thinker: 9, others: 9 },
    ])
  })

  test('of pairs takes a side or a tie, and a skip', async () => {
    const { queue } = await open({ name: 'pairs', kind: 'PAIR', reviewsWanted: 3 })
    const { review } = await claim(queue.id, 'ann')
    expect([review.roundA.id, review.roundB.id].sort()).toEqual([...made.rounds].sort())
    expect(await answer({ reviewId: review.id, chosenRoundId: made.job })).toMatchObject({ field: 'chosenRoundId' })
    const done = await answer({ reviewId: review.id, isTie: true })
    expect(done.review).toMatchObject({ status: 'DONE', preference: { isTie: true }, critiques: [] })
    const other = (await claim(queue.id, 'bob')).review.id
    const skip = `mutation($id: ID!) { skipReview(reviewId: $id) {
      ${refused} ... on SkipReviewSuccess { review { status } } ... on ReviewEndedError { status } } }`
    expect((await api.get(caller, skip, { id: other })).skipReview).toMatchObject({ review: { status: 'SKIPPED' } })
    expect((await api.get(caller, skip, { id: other })).skipReview).toMatchObject({
      ...{ __typename: 'ReviewEndedError', code: 'REVIEW_ENDED', status: 'SKIPPED' },
    })
    const { review: late } = await claim(queue.id, 'cy')
    await api.db.query(`update review set claimed_until = now() - interval '1 minute' where reviewer = 'cy'`)
    await api.db.query('update review_queue set reviews_wanted = 1 where name = $1', ['pairs'])
    expect(await answer({ reviewId: late.id, isTie: true })).toMatchObject({ __typename: 'ReviewTakenError' })
  })

  test('that makes no sense is refused with the field, and nothing is stored', async () => {
    const before = await countFeedback()
    const cases = [
      [{ name: '', kind: 'PICK' }, 'name'],
      [{ name: 'pairs', kind: 'PICK' }, 'name'],
      [{ name: 'q', kind: 'PICK', limit: 0 }, 'limit'],
      [{ name: 'q', kind: 'PICK', limit: 10_001 }, 'limit'],
      [{ name: 'q', kind: 'PICK', reviewsWanted: 21 }, 'reviewsWanted'],
      [{ name: 'q', kind: 'PICK', filter: { tags: [''] } }, 'filter.tags.0'],
      [{ name: 'q', kind: 'PICK', filter: { batch: ['none'] } }, 'filter'],
    ] as const
    for (const [input, field] of cases) expect(await open(input), field).toMatchObject({ code: 'INVALID_INPUT', field })
    const { queue } = await open({ name: 'q', kind: 'SCORE' })
    const { review } = await claim(queue.id)
    const [roundId] = made.rounds
    const answers = [
      [{ scores: [{ roundId }] }, 'scores.0.semantic'],
      [{ scores: [{ roundId, semantic: 11 }] }, 'scores.0.semantic'],
      [{ scores: [{ roundId: made.job, semantic: 1 }] }, 'scores.0.roundId'],
      [{ scores: Array(169).fill({ roundId, semantic: 1 }) }, 'scores'],
      [{ reasoning: '' }, 'reasoning'],
    ] as const
    const stored = { ...(before as object), q: expect.any(Number) }
    for (const [given, field] of answers)
      expect(await answer({ reviewId: review.id, ...given })).toMatchObject({ field })
    expect(await countFeedback()).toEqual(stored)
    expect(await claim(queue.id, '')).toMatchObject({ code: 'INVALID_INPUT', field: 'reviewer' })
    const wrong = await api.run(caller, '{ calibration(groupBy: METADATA) { key } }')
    expect(wrong.errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'metadataKey' }])
  })

  test('is not there for another tenant, which has no calibration of it either', async () => {
    const stranger = await createCaller(api.db, 'WRITE')
    const read = await api.get(stranger, '{ reviewQueues { edges { node { id } } } calibration { key } }')
    expect(read).toEqual({ reviewQueues: { edges: [] }, calibration: [] })
    const absent = await open({ name: 'theirs', kind: 'SCORE' }, stranger)
    expect(absent).toMatchObject({ code: 'INVALID_INPUT', field: 'filter' })
    const foreign = await createFinishedJob(api.db, stranger)
    const pair = { kind: 'PAIR', chosenRoundId: foreign.rounds[0], rejectedRoundId: made.rounds[0] }
    expect(await prefer(pair, stranger)).toMatchObject({ code: 'NOT_FOUND', field: 'rejectedRoundId' })
  })
})
