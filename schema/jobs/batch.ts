import { NotFoundError } from '../../src/errors.ts'
import { toEventsName } from '../../src/events/event-feed.ts'
import { countBatches, isBatchOver, type StatusCounts } from '../../src/jobs/count-batch.ts'
import type { JobStatus } from '../../src/jobs/job-row.ts'
import { builder } from '../builder.ts'
import { said } from '../errors-to-graphql.ts'
import { JobConnection, loadJobPage, newestFirst } from './job-connection.ts'

/** A batch as it is counted at one moment. */
export type BatchShape = { label: string; counts: StatusCounts }

const countOf = (batch: BatchShape, status: JobStatus) => batch.counts[status] ?? 0

/** A batch, for what is one. */
export const Batch = builder.objectRef<BatchShape>('Batch').implement({
  description: "The tenant's jobs that share a batch label.",
  fields: t => ({
    label: t.exposeString('label', { description: 'The label.' }),
    total: t.int({
      description: 'How many jobs.',
      resolve: batch => Object.values(batch.counts).reduce((sum, count) => sum + count, 0),
    }),
    queued: t.int({ description: 'How many are QUEUED.', resolve: batch => countOf(batch, 'QUEUED') }),
    running: t.int({ description: 'How many are RUNNING.', resolve: batch => countOf(batch, 'RUNNING') }),
    succeeded: t.int({ description: 'How many are SUCCEEDED.', resolve: batch => countOf(batch, 'SUCCEEDED') }),
    failed: t.int({ description: 'How many are FAILED.', resolve: batch => countOf(batch, 'FAILED') }),
    canceled: t.int({ description: 'How many are CANCELED.', resolve: batch => countOf(batch, 'CANCELED') }),
    jobs: t.field({
      type: JobConnection,
      description: 'Its jobs, newest first; at most 100 a page.',
      args: {
        first: t.arg.int({ description: 'How many, 0 to 100. Default 20.' }),
        after: t.arg.string({ description: 'Cursor of the item before the first wanted one.' }),
      },
      resolve: (batch, args, context, info) => loadJobPage({ batch: batch.label }, args, newestFirst, context, info),
    }),
  }),
})

builder.queryField('batch', t =>
  t.field({
    type: Batch,
    nullable: true,
    description: 'The jobs with this batch label, counted by status; null where the tenant has none.',
    args: { label: t.arg.string({ required: true, description: 'The label, as given when the jobs were started.' }) },
    resolve: async (_root, { label }, { loaders }) => {
      const counts = await loaders.batchCounts.load(label.replaceAll('\0', ''))
      return counts && { label, counts }
    },
  }),
)

builder.subscriptionField('batchProgress', t =>
  t.field({
    type: Batch,
    description:
      'A batch as it stands now, then each time it stands otherwise, at most five times a second. Completes when none of its jobs waits or runs.',
    args: { label: t.arg.string({ required: true, description: 'The label, as given when the jobs were started.' }) },
    subscribe: async (_root, args, { deps, caller }) => {
      const label = args.label.replaceAll('\0', '')
      const work = {
        name: toEventsName(caller.tenantId),
        read: async (): Promise<BatchShape | null> => {
          const counts = (await countBatches(deps.db, caller.tenantId, [label])).get(label)
          return counts ? { label, counts } : null
        },
        isOver: ({ counts }: BatchShape) => isBatchOver(counts),
        absent: new NotFoundError('label', 'batch'),
      }
      return await said(deps.feed.followProgress(work))
    },
    resolve: ({ state }) => state,
  }),
)
