import { z } from 'zod'
import { countDeleted, type Deletion, listDeletions } from '../../src/datasets/read-deletions.ts'
import type { FunnelLine } from '../../src/datasets/recipes/funnel.ts'
import type { Splits } from '../../src/datasets/splits.ts'
import { builder } from '../builder.ts'
import { wholeVersion } from '../complexity.ts'
import { encodeGlobalId, toUuid } from '../global-id.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { Dataset } from './dataset.ts'
import { DatasetSampleConnection, loadSamplePage } from './dataset-sample.ts'

const VersionStatus = builder.enumType('DatasetVersionStatus', {
  description: 'Where a version stands.',
  values: {
    BUILDING: { description: 'Its samples are being chosen, in the background.' },
    READY: { description: 'Fixed: it never changes, but for samples whose trajectory is deleted.' },
    FAILED: { description: 'It could not be built; `error` says why.' },
  } as const,
})

const FunnelLineRef = builder.objectRef<FunnelLine>('FunnelLine').implement({
  description: 'One step of a recipe: `in` = `kept` + `dropped`.',
  fields: t => ({
    name: t.exposeString('name', { description: 'What the step does.' }),
    unit: t.exposeString('unit', { description: 'What it counts: `trajectories`, `rounds`, `steps` or `pairs`.' }),
    in: t.exposeInt('in', { description: 'How many came.' }),
    kept: t.exposeInt('kept', { description: 'How many went on.' }),
    dropped: t.exposeInt('dropped', { description: 'How many did not.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why those did not; null: it drops nothing.' }),
  }),
})

const SplitCount = builder.objectRef<{ split: string; samples: number }>('SplitCount').implement({
  description: 'How many samples are in a split.',
  fields: t => ({
    split: t.exposeString('split', { description: 'Its name.' }),
    samples: t.exposeInt('samples', { description: 'How many.' }),
  }),
})

const DatasetError = builder.objectRef<{ code: string; message: string }>('DatasetVersionError').implement({
  description: 'Why a version could not be built.',
  fields: t => ({
    code: t.exposeString('code', { description: 'Stable name of the failure.' }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
  }),
})

const DeletionRef = builder.objectRef<Deletion>('DatasetDeletion').implement({
  description: 'A job whose samples a version has no more: it was deleted, or went on by a retry.',
  fields: t => ({
    jobId: t.id({
      description: 'The global id that the job has or had.',
      resolve: ({ jobId }) => encodeGlobalId('Job', jobId),
    }),
    samples: t.exposeInt('samples', { description: 'How many samples came from it.' }),
  }),
})

const deletionsRule = intFrom(1, 1000)

export const DatasetVersion = builder.prismaNode('DatasetVersion', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, dataset: { tenantId: context.caller.tenantId } }),
  description: 'A frozen set of samples: what was asked for, what came of it and its hash.',
  fields: t => ({
    dataset: t.relation('dataset', { type: Dataset, description: 'The dataset it is a version of.' }),
    number: t.exposeInt('number', { description: 'Counts from 1 in its dataset.' }),
    status: t.expose('status', { type: VersionStatus, description: 'Where it stands.' }),
    filter: t.expose('filter', { type: 'JSON', description: 'Which trajectories, as a TrajectoryFilter.' }),
    recipe: t.expose('recipe', {
      type: 'JSON',
      description: 'How samples were made of them, every default filled in.',
    }),
    splits: t.field({
      type: 'JSON',
      description: 'Shares by split.',
      resolve: ({ splits }) => (splits as Splits).shares, // written by createVersion alone
    }),
    splitSeed: t.string({
      description: 'What else the splits were divided by.',
      resolve: ({ splits }) => (splits as Splits).seed, // as above
    }),
    asOf: t.exposeString('asOf', { description: "The place in the tenant's log up to which it was read." }),
    sampleCount: t.exposeInt('samples', {
      description: 'Its samples, deleted ones too; while BUILDING those written so far.',
    }),
    splitCounts: t.field({
      type: [SplitCount],
      complexity: wholeVersion,
      description: 'How many of them each split has, by name.',
      resolve: async ({ id }, _args, { deps }) => {
        const groups = await deps.prisma.datasetSample.groupBy({
          by: ['split'],
          where: { versionId: id },
          orderBy: { split: 'asc' },
          _count: true,
        })
        return groups.map(group => ({ split: group.split, samples: group._count }))
      },
    }),
    funnel: t.field({
      type: [FunnelLineRef],
      description: 'What each step of the recipe kept and dropped, and why; empty before it is READY.',
      resolve: ({ funnel }) => funnel as FunnelLine[], // written by the builder alone
    }),
    contentHash: t.exposeString('contentHash', {
      nullable: true,
      description: 'SHA-256 over the hashes of its samples in order, hex; null before it is READY.',
    }),
    error: t.field({
      type: DatasetError,
      nullable: true,
      description: 'Why it could not be built; FAILED only.',
      resolve: ({ errorCode, errorMessage }) =>
        errorCode === null ? null : { code: errorCode, message: errorMessage ?? errorCode },
    }),
    deletedSamples: t.int({
      description:
        'How many of its samples exports leave out, because their trajectory is gone. Counted when asked for.',
      complexity: wholeVersion.field,
      resolve: ({ id }, _args, { deps }) => countDeleted(deps.db, id),
    }),
    deletions: t.field({
      type: [DeletionRef],
      complexity: ({ first }) => ({ field: wholeVersion.field, multiplier: Math.max(1, Math.min(first ?? 100, 1000)) }),
      description: 'The jobs that those came from, by id; at most 1000 at a time.',
      args: {
        first: t.arg.int({ description: 'How many, 1 to 1000. Default 100.' }),
        after: t.arg.id({ description: 'The `jobId` before the first wanted one.' }),
      },
      resolve: ({ id }, args, { deps }) => {
        const first = parseArgument(deletionsRule, args.first ?? 100, 'first')
        return listDeletions(deps.db, { versionId: id, first, after: args.after ? toUuid(args.after, 'Job') : null })
      },
    }),
    samples: t.field({
      type: DatasetSampleConnection,
      description: 'Its samples by position; at most 100 a page.',
      args: {
        first: t.arg.int({ description: 'How many, 0 to 100. Default 20.' }),
        after: t.arg.string({ description: 'Cursor of the item before the first wanted one.' }),
        split: t.arg.string({ description: 'Only those of this split.' }),
      },
      resolve: ({ id }, { split, ...page }, context) =>
        loadSamplePage(context, { versionId: id, split: split?.replaceAll('\0', '') ?? null }, page),
    }),
    by: t.exposeString('by', { description: 'The name of the key that asked for it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    readyAt: t.expose('readyAt', { type: 'DateTime', nullable: true, description: 'When it was built.' }),
  }),
})

const versionsRule = z.object({
  first: intFrom(1, 1000).nullish(),
  before: intFrom(1, 1_000_000).nullish(),
})

builder.prismaObjectField(Dataset, 'versions', t =>
  t.prismaField({
    type: [DatasetVersion],
    description: 'Its versions, the newest first; at most 1000 at a time.',
    args: {
      first: t.arg.int({ description: 'How many, 1 to 1000. Default 20.' }),
      before: t.arg.int({ description: 'Only versions with a number below this.' }),
    },
    resolve: (query, { id }, args, { deps }) => {
      const { first, before } = parseArgument(versionsRule, args)
      return deps.prisma.datasetVersion.findMany({
        ...query,
        where: { datasetId: id, ...(before ? { number: { lt: before } } : {}) },
        orderBy: { number: 'desc' },
        take: first ?? 20,
      })
    },
  }),
)

builder.queryField('datasetVersion', t =>
  t.prismaField({
    type: DatasetVersion,
    nullable: true,
    description: 'A version of a dataset by its id; null where the tenant has none such.',
    args: { id: t.arg.id({ required: true, description: 'Global id of a DatasetVersion.' }) },
    resolve: (query, _root, args, { deps, caller }) => {
      const id = toUuid(args.id, 'DatasetVersion')
      if (id === null) return null
      return deps.prisma.datasetVersion.findUnique({ ...query, where: { id, dataset: { tenantId: caller.tenantId } } })
    },
  }),
)
