import type { JobStatus } from '../src/generated/prisma/enums.ts'
import { builder } from './builder.ts'
import { JobConnection, loadJobPage, newestFirst } from './job-connection.ts'

type BatchShape = { label: string; counts: ReadonlyMap<JobStatus, number> }

const countOf = (batch: BatchShape, status: JobStatus) => batch.counts.get(status) ?? 0

const Batch = builder.objectRef<BatchShape>('Batch').implement({
  description: "The tenant's jobs that share a batch label.",
  fields: t => ({
    label: t.exposeString('label', { description: 'The label.' }),
    total: t.int({
      description: 'How many jobs.',
      resolve: batch => [...batch.counts.values()].reduce((sum, count) => sum + count, 0),
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
    resolve: async (_root, { label }, { deps, caller }) => {
      const groups = await deps.prisma.job.groupBy({
        by: ['status'],
        where: { tenantId: caller.tenantId, batch: label.replaceAll('\0', '') },
        _count: true,
      })
      if (groups.length === 0) return null
      return { label, counts: new Map(groups.map(group => [group.status, group._count])) }
    },
  }),
)
