import { randomUUID } from 'node:crypto'
import { encodeGlobalId, toUuid } from '../../schema/global-id.ts'
import type { Db } from '../../src/db.ts'
import { addPreference } from '../../src/feedback/add-preference.ts'
import { claimReview } from '../../src/feedback/claim-review.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { openQueue } from './feedback.ts'
import type { TestApi } from './graphql.ts'
import { type IdCase, mutationCase, queryCase } from './id-case.ts'
import type { Trajectory } from './seed.ts'

/** Feedback about what a tenant has, by global ids. */
export type Feedback = { preference: string; queue: string; review: string }

type Owned = { tenantId: string; made: Trajectory; feedback: Feedback }

/** Makes some about a finished job with two rounds. */
export async function createFeedback(db: Db, tenantId: string, made: Trajectory): Promise<Feedback> {
  const chosenRoundId = toUuid(made.rounds[0] ?? '', 'Round') ?? ''
  const pick = { kind: 'PICK', chosenRoundId, rejectedRoundId: null, isTie: false, reasoning: null } as const
  const preferenceId = await addPreference(db, { tenantId, by: 'ann' }, pick)
  const queueId = await openQueue(db, tenantId, { order: 'NEWEST' })
  const reviewId = await claimReview(db, { tenantId, queueId, reviewer: 'ann' })
  return {
    preference: encodeGlobalId('Preference', preferenceId),
    queue: encodeGlobalId('ReviewQueue', queueId),
    review: encodeGlobalId('Review', reviewId ?? ''),
  }
}

/** The cases of feedback, by the names of `findIdPlaces`. */
export function feedbackIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  const answer = 'answerReview($input: AnswerReviewInput!)'
  const input = (fields: () => object) => () => ({ input: fields() })
  let cursor: string | undefined

  /** The owner's round is named beside the caller's own things, `with` them as the input. */
  function beside(call: string, field: string, makeInput: (caller: Caller) => Promise<object>): IdCase {
    const [name = ''] = call.split('(')
    const success = `${name.charAt(0).toUpperCase()}${name.slice(1)}Success`
    let variables = {}
    const asked = mutationCase(api, call, () => variables, { success, field })
    return {
      ...asked,
      ask: async caller => {
        variables = { input: await makeInput(caller) }
        return await asked.ask(caller)
      },
    }
  }

  return {
    'Query.reviewQueue(id)': queryCase(
      api,
      'query($id: ID!) { reviewQueue(id: $id) { id } }',
      () => ({ id: owned().feedback.queue }),
      'reviewQueue',
    ),
    'Query.reviewQueues(after)': {
      async ask(caller) {
        const list = 'query($after: String) { reviewQueues(first: 1, after: $after) { edges { cursor } } }'
        const owner = { ...caller, tenantId: owned().tenantId }
        cursor ??= (await api.get(owner, list)).reviewQueues.edges[0].cursor as string
        return [await api.run(caller, list, { after: cursor })]
      },
      there: [{ errors: [] }],
      absent: [{ errors: [{ code: 'INVALID_INPUT', field: 'after' }] }],
    },
    'Query.reviewAgreement(queueId)': queryCase(
      api,
      'query($id: ID!) { reviewAgreement(queueId: $id) { kind } }',
      () => ({ id: owned().feedback.queue }),
      'reviewAgreement',
    ),
    'Mutation.addPreference(input.chosenRoundId)': mutationCase(
      api,
      'addPreference($input: AddPreferenceInput!)',
      input(() => ({ kind: 'PICK', chosenRoundId: owned().made.rounds[0] })),
      { success: 'AddPreferenceSuccess', field: 'chosenRoundId' },
    ),
    'Mutation.addPreference(input.rejectedRoundId)': beside(
      'addPreference($input: AddPreferenceInput!)',
      'rejectedRoundId',
      async caller => ({
        kind: 'PAIR',
        chosenRoundId: caller.tenantId === owned().tenantId ? owned().made.rounds[0] : await editRound(api.db, caller),
        rejectedRoundId: owned().made.rounds[1],
      }),
    ),
    'Mutation.claimReview(queueId)': mutationCase(
      api,
      'claimReview($queueId: ID!)',
      () => ({ queueId: owned().feedback.queue }),
      { success: 'ClaimReviewSuccess', field: 'queueId' },
    ),
    'Mutation.answerReview(input.reviewId)': mutationCase(
      api,
      answer,
      input(() => ({ reviewId: owned().feedback.review, chosenRoundId: owned().made.rounds[0] })),
      { success: 'AnswerReviewSuccess', field: 'reviewId' },
    ),
    'Mutation.answerReview(input.chosenRoundId)': beside(answer, 'chosenRoundId', async caller => ({
      reviewId: await openReview(api.db, caller, 'PICK'),
      chosenRoundId: owned().made.rounds[0],
    })),
    'Mutation.answerReview(input.scores.roundId)': beside(answer, 'scores.0.roundId', async caller => ({
      reviewId: await openReview(api.db, caller, 'SCORE'),
      scores: [{ roundId: owned().made.rounds[0], quality: 5 }],
    })),
    'Mutation.skipReview(reviewId)': mutationCase(
      api,
      'skipReview($reviewId: ID!)',
      () => ({ reviewId: owned().feedback.review }),
      { success: 'SkipReviewSuccess', field: 'reviewId' },
    ),
  }
}

/** Gives a round of a waiting job of the caller's a picture. */
async function editRound(db: Db, { tenantId }: Caller): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `update round set image_id = job.source_id from job
     where job.id = round.job_id and job.tenant_id = $1 returning round.id`,
    [tenantId],
  )
  return encodeGlobalId('Round', rows[0]?.id ?? '')
}

/** A review of the caller's latest job, finished or not, which no API makes. */
async function openReview(db: Db, { tenantId }: Caller, kind: 'PICK' | 'SCORE'): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `with queue as (
       insert into review_queue (id, tenant_id, name, kind, by) values ($1::uuid, $2::uuid, $1::uuid::text, $3, 'the key') returning id
     ), item as (
       insert into review_item (id, queue_id, position, job_id)
       select gen_random_uuid(), queue.id, 1, (
         select id from job where tenant_id = $2::uuid order by finished_at desc nulls last limit 1) from queue returning id
     )
     insert into review (id, item_id, reviewer, claimed_until)
     select gen_random_uuid(), item.id, 'ann', now() + interval '1 minute' from item returning id`,
    [randomUUID(), tenantId, kind],
  )
  return encodeGlobalId('Review', rows[0]?.id ?? '')
}
