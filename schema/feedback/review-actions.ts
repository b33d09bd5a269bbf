import { z } from 'zod'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { answerReview } from '../../src/feedback/answer-review.ts'
import { claimReview } from '../../src/feedback/claim-review.ts'
import { ReviewEndedError, ReviewTakenError } from '../../src/feedback/errors.ts'
import { skipReview } from '../../src/feedback/skip-review.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { critiqueRule } from '../jobs/add-critique.ts'
import { optional } from '../jobs/edit-input.ts'
import { successType } from '../jobs/job-result.ts'
import { listOf, parseInput, textOf } from '../parse-input.ts'
import { toRoundId } from './preference.ts'
import { Review } from './review.ts'
import { reviewerDescription, reviewerRule } from './reviewer.ts'

/** A job's rounds, of all indexes and candidates. */
const MAX_SCORES = 168

const ClaimReviewSuccess = builder.objectRef<{ reviewId: string | null }>('ClaimReviewSuccess').implement({
  description: 'The queue was asked.',
  fields: t => ({
    review: t.prismaField({
      type: Review,
      nullable: true,
      description: 'What to look at; null: there is nothing for this reviewer now.',
      resolve: (query, { reviewId }, _args, { deps, caller }) => {
        if (reviewId === null) return null
        const where = { id: reviewId, item: { queue: { tenantId: caller.tenantId } } }
        return deps.prisma.review.findUnique({ ...query, where })
      },
    }),
  }),
})

/** `name` { review: Review! }. */
function makeReviewSuccess(name: string, description: string) {
  return builder.objectRef<{ reviewId: string }>(name).implement({
    description,
    fields: t => ({
      review: t.prismaField({
        type: Review,
        description: 'The review as it is now.',
        resolve: async (query, { reviewId }, _args, { deps, caller }) => {
          const where = { id: reviewId, item: { queue: { tenantId: caller.tenantId } } }
          const review = await deps.prisma.review.findUnique({ ...query, where })
          if (review === null) throw toGraphQLError(new NotFoundError('reviewId', 'review')) // deleted just now
          return review
        },
      }),
    }),
  })
}

const ClaimReviewResult = builder.errorUnion('ClaimReviewResult', {
  description: 'What became of a claim.',
  types: [ClaimReviewSuccess, InvalidInputError, NotFoundError],
  resolveType: successType('ClaimReviewSuccess'),
})

const AnswerReviewResult = builder.errorUnion('AnswerReviewResult', {
  description: 'What became of an answer.',
  types: [
    makeReviewSuccess('AnswerReviewSuccess', 'The answer was written and the review is DONE.'),
    ...[InvalidInputError, NotFoundError, ReviewEndedError, ReviewTakenError],
  ],
  resolveType: successType('AnswerReviewSuccess'),
})

const SkipReviewResult = builder.errorUnion('SkipReviewResult', {
  description: 'What became of a skip.',
  types: [
    makeReviewSuccess('SkipReviewSuccess', "The review is SKIPPED; its item is never this reviewer's again."),
    ...[NotFoundError, ReviewEndedError],
  ],
  resolveType: successType('SkipReviewSuccess'),
})

const RoundScoreInput = builder.inputType('RoundScoreInput', {
  description: "A person's judgement of one round. At least one field besides the id must be given.",
  fields: t => ({
    roundId: t.id({ required: true, description: "Global id of a Round of the review's job that has its picture." }),
    semantic: t.float({ description: '0 to 10: was the instruction followed and the rest preserved.' }),
    quality: t.float({ description: '0 to 10: naturalness, freedom from artefacts.' }),
    isSatisfied: t.boolean({ description: 'Whether it is good enough.' }),
    reasoning: t.string({ description: "Why, 1 to 8000 characters; null: the answer's." }),
    refinedPrompt: t.string({ description: 'What should have been asked for, 1 to 8000 characters.' }),
  }),
})

const AnswerReviewInput = builder.inputType('AnswerReviewInput', {
  description: 'What a reviewer says: `scores` for SCORE, `chosenRoundId` for PICK, that or `isTie` for PAIR.',
  fields: t => ({
    reviewId: t.id({ required: true, description: 'Global id of the Review.' }),
    scores: t.field({
      type: [RoundScoreInput],
      description: `SCORE only: of some rounds or all, each once; at most ${MAX_SCORES}.`,
    }),
    chosenRoundId: t.id({ description: 'PICK and PAIR: global id of the better Round.' }),
    isTie: t.boolean({ description: 'PAIR only: neither is better. Null: false.' }),
    reasoning: t.string({ description: 'Why, 1 to 8000 characters.' }),
  }),
})

const answerRule = z.object({
  scores: optional(listOf(z.unknown(), MAX_SCORES)), // each is read on its own
  chosenRoundId: optional(z.string()),
  isTie: z
    .boolean()
    .nullish()
    .transform(isTie => isTie ?? false),
  reasoning: optional(textOf(1, 8000)),
})

builder.mutationFields(t => ({
  claimReview: t.field({
    type: ClaimReviewResult,
    description:
      'Gives the reviewer the next item of a queue that they have neither answered nor skipped and that still wants reviews, for 15 minutes. While they hold one they get that one again, with 15 minutes anew.',
    args: {
      queueId: t.arg.id({ required: true, description: 'Global id of the ReviewQueue.' }),
      reviewer: t.arg.string({ description: reviewerDescription }),
    },
    resolve: async (_root, args, { deps, caller }) => {
      const queueId = toUuid(args.queueId, 'ReviewQueue')
      if (queueId === null) throw new NotFoundError('queueId', 'review queue')
      const reviewer = parseInput(reviewerRule, args.reviewer, 'reviewer') ?? caller.keyName
      return { reviewId: await claimReview(deps.db, { tenantId: caller.tenantId, queueId, reviewer }) }
    },
  }),
  answerReview: t.field({
    type: AnswerReviewResult,
    description:
      "Writes a reviewer's answer as HUMAN critiques or as a preference, and ends the review. After the claim ran out it counts while nobody else has taken the item.",
    args: { input: t.arg({ type: AnswerReviewInput, required: true, description: 'The answer.' }) },
    resolve: async (_root, { input: { reviewId: globalId, ...rest } }, { deps, caller }) => {
      const reviewId = toReviewId(globalId)
      const answer = parseInput(answerRule, rest)
      const scores = rest.scores?.map(({ roundId, ...score }, index) => ({
        ...parseInput(critiqueRule, score, `scores.${index}`),
        roundId: toRoundId(roundId, `scores.${index}.roundId`),
      }))
      const chosenRoundId = answer.chosenRoundId === null ? null : toRoundId(answer.chosenRoundId, 'chosenRoundId')
      const given = { ...answer, scores: scores ?? null, chosenRoundId }
      await answerReview(deps.db, { tenantId: caller.tenantId, reviewId }, given)
      return { reviewId }
    },
  }),
  skipReview: t.field({
    type: SkipReviewResult,
    description: 'Ends a review without an answer: others get the item, this reviewer never again.',
    args: { reviewId: t.arg.id({ required: true, description: 'Global id of the Review.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const reviewId = toReviewId(args.reviewId)
      await skipReview(deps.db, { tenantId: caller.tenantId, reviewId })
      return { reviewId }
    },
  }),
}))

function toReviewId(globalId: string): string {
  const reviewId = toUuid(globalId, 'Review')
  if (reviewId === null) throw new NotFoundError('reviewId', 'review')
  return reviewId
}
