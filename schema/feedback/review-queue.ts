import { z } from 'zod'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { createReviewQueue } from '../../src/feedback/create-review-queue.ts'
import type { ReviewProgress } from '../../src/feedback/review-progress.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { successType } from '../jobs/job-result.ts'
import { loadNewestPage, newestPageArgs } from '../newest-page.ts'
import { intFrom, parseInput, textOf } from '../parse-input.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from '../trajectories/trajectory-filter.ts'

/** What reviewers are asked. */
export const ReviewKind = builder.enumType('ReviewKind', {
  description: 'What the reviewers of a queue are asked.',
  values: {
    SCORE: { description: 'To score rounds of a job.' },
    PICK: { description: "To pick the best of a job's rounds." },
    PAIR: { description: "To choose the better of two: a job's best round and another of its rounds." },
  } as const,
})

const ReviewOrder = builder.enumType('ReviewOrder', {
  description: 'Which trajectories are chosen and reviewed first.',
  values: {
    OLDEST: { description: 'Those submitted first.' },
    NEWEST: { description: 'Those submitted last.' },
    SHUFFLED: { description: 'In no order of time, the same whenever it is asked.' },
    DISAGREEMENT: { description: 'Those whose critics agree least; last those with fewer than two critics.' },
  } as const,
})

const ReviewProgressRef = builder.objectRef<ReviewProgress>('ReviewProgress').implement({
  description: 'How far a review queue is.',
  fields: t => ({
    total: t.exposeInt('total', { description: 'Its items.' }),
    done: t.exposeInt('done', { description: 'Items that have all the reviews the queue wants.' }),
    answered: t.exposeInt('answered', { description: 'Reviews given, of all items.' }),
    skipped: t.exposeInt('skipped', { description: 'Reviews skipped.' }),
    claimed: t.exposeInt('claimed', { description: 'Claims that run now.' }),
  }),
})

export const ReviewQueue = builder.prismaNode('ReviewQueue', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId }),
  description: 'Trajectories that people look at, one after the other. Its items are fixed when it is made.',
  fields: t => ({
    name: t.exposeString('name', { description: "What it is called; unique among the tenant's." }),
    kind: t.expose('kind', { type: ReviewKind, description: 'What its reviewers are asked.' }),
    reviewsWanted: t.exposeInt('reviewsWanted', { description: 'How many people review each item.' }),
    by: t.exposeString('by', { description: 'The name of the key that made it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    progress: t.field({
      type: ReviewProgressRef,
      description: 'How far it is.',
      resolve: (queue, _args, { loaders }) => loaders.reviewProgress.load(queue.id),
    }),
  }),
})

builder.queryFields(t => ({
  reviewQueue: t.prismaField({
    type: ReviewQueue,
    nullable: true,
    description: 'A review queue by its id; null where the tenant has none such.',
    args: { id: t.arg.id({ required: true, description: 'Global id of a ReviewQueue.' }) },
    resolve: (query, _root, args, { deps, caller }) => {
      const id = toUuid(args.id, 'ReviewQueue')
      if (id === null) return null
      return deps.prisma.reviewQueue.findUnique({ ...query, where: { id, tenantId: caller.tenantId } })
    },
  }),
}))

const ReviewQueueConnection = builder.connectionObject(
  { type: ReviewQueue, name: 'ReviewQueueConnection', description: 'A page of review queues.' },
  { name: 'ReviewQueueEdge', description: 'A review queue and its place in the list.' },
)

builder.queryField('reviewQueues', t =>
  t.field({
    type: ReviewQueueConnection,
    description: "The tenant's review queues, newest first; at most 100 a page.",
    args: newestPageArgs,
    resolve: (_root, args, context, info) =>
      loadNewestPage({ kind: 'review-queue-cursor', args }, context, info, query =>
        context.deps.prisma.reviewQueue.findMany(query),
      ),
  }),
)

const CreateReviewQueueInput = builder.inputType('CreateReviewQueueInput', {
  description: 'What people shall look at. SCORE takes trajectories with a picture, PICK and PAIR those with two.',
  fields: t => ({
    name: t.string({ required: true, description: "What to call it, 1 to 200 characters; no other queue's name." }),
    kind: t.field({ type: ReviewKind, required: true, description: 'What the reviewers are asked.' }),
    filter: t.field({ type: TrajectoryFilterInput, description: 'Which trajectories; null: all.' }),
    limit: t.int({ description: 'At most so many items, 1 to 10000. Null: 1000.' }),
    reviewsWanted: t.int({ description: 'How many people review each item, 1 to 20. Null: 1.' }),
    order: t.field({ type: ReviewOrder, description: 'Which come first. Null: OLDEST.' }),
  }),
})

const queueRule = z
  .object({
    name: textOf(1, 200),
    kind: z.enum(['SCORE', 'PICK', 'PAIR']),
    filter: trajectoryFilterRule.nullish(),
    limit: intFrom(1, 10_000).nullish(),
    reviewsWanted: intFrom(1, 20).nullish(),
    order: z.enum(['OLDEST', 'NEWEST', 'SHUFFLED', 'DISAGREEMENT']).nullish(),
  })
  .transform(({ filter, limit, reviewsWanted, order, ...given }) => ({
    ...given,
    filter: filter ?? {},
    limit: limit ?? 1_000,
    reviewsWanted: reviewsWanted ?? 1,
    order: order ?? ('OLDEST' as const),
  }))

const CreateReviewQueueSuccess = builder.objectRef<{ queueId: string }>('CreateReviewQueueSuccess').implement({
  description: 'The review queue was made.',
  fields: t => ({
    queue: t.prismaField({
      type: ReviewQueue,
      description: 'The queue.',
      resolve: async (query, { queueId }, _args, { deps, caller }) => {
        const where = { id: queueId, tenantId: caller.tenantId }
        const queue = await deps.prisma.reviewQueue.findUnique({ ...query, where })
        if (queue === null) throw toGraphQLError(new NotFoundError('id', 'review queue'))
        return queue
      },
    }),
  }),
})

const CreateReviewQueueResult = builder.errorUnion('CreateReviewQueueResult', {
  description: 'What became of a review queue.',
  types: [CreateReviewQueueSuccess, InvalidInputError],
  resolveType: successType('CreateReviewQueueSuccess'),
})

builder.mutationField('createReviewQueue', t =>
  t.field({
    type: CreateReviewQueueResult,
    description: 'Makes a review queue of the trajectories that match now; at least one must.',
    args: { input: t.arg({ type: CreateReviewQueueInput, required: true, description: 'The queue.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const author = { tenantId: caller.tenantId, by: caller.keyName }
      return { queueId: await createReviewQueue(deps.db, author, parseInput(queueRule, input)) }
    },
  }),
)
