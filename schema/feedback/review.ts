import { builder } from '../builder.ts'
import { upwardComplexity } from '../complexity.ts'
import { ReviewStatus } from '../enums.ts'
import { Critique } from '../jobs/critique.ts'
import { Job } from '../jobs/job.ts'
import { Round } from '../jobs/round.ts'
import { ReviewQueue } from './review-queue.ts'

export const Review = builder.prismaNode('Review', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, item: { queue: { tenantId: context.caller.tenantId } } }),
  description:
    'One person looking at one item of a review queue. What must not sway them is for the front-end to leave out: critiques, scores and `Round.isBest`.',
  fields: t => ({
    reviewer: t.exposeString('reviewer', { description: 'Who looks at it.' }),
    status: t.expose('status', { type: ReviewStatus, description: 'Where it stands.' }),
    claimedUntil: t.expose('claimedUntil', {
      type: 'DateTime',
      description: 'Until when the item is kept for them; after it others may take it.',
    }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it was answered or skipped.' }),
    queue: t.field({
      type: ReviewQueue,
      description: 'The queue it is of.',
      select: (_args, _context, nestedSelection) => ({ item: { select: { queue: nestedSelection(true) } } }),
      resolve: review => review.item.queue,
    }),
    position: t.int({
      description: "The item's place in the queue, from 1.",
      select: { item: { select: { position: true } } },
      resolve: review => review.item.position,
    }),
    job: t.field({
      type: Job,
      description: 'The job whose rounds it is about.',
      complexity: upwardComplexity,
      select: (_args, _context, nestedSelection) => ({ item: { select: { job: nestedSelection(true) } } }),
      resolve: review => review.item.job,
    }),
    roundA: t.field({
      type: Round,
      nullable: true,
      description: 'PAIR only: one of the two. The sides tell neither which is the better nor which came first.',
      complexity: upwardComplexity,
      select: (_args, _context, nestedSelection) => ({ item: { select: { roundA: nestedSelection(true) } } }),
      resolve: review => review.item.roundA,
    }),
    roundB: t.field({
      type: Round,
      nullable: true,
      description: 'PAIR only: the other one.',
      complexity: upwardComplexity,
      select: (_args, _context, nestedSelection) => ({ item: { select: { roundB: nestedSelection(true) } } }),
      resolve: review => review.item.roundB,
    }),
    preference: t.relation('preference', { nullable: true, description: 'What a PICK or PAIR was answered with.' }),
    critiques: t.field({
      type: [Critique],
      description: 'What a SCORE was answered with, a critique a round, in the order given; at most 168.',
      select: (_args, _context, nestedSelection) => ({
        critiques: { select: { critique: nestedSelection(true) }, orderBy: { critiqueId: 'asc' as const } },
      }),
      resolve: review => review.critiques.map(({ critique }) => critique),
    }),
  }),
})
