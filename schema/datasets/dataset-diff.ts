import { diffVersions, type VersionDiff } from '../../src/datasets/diff-versions.ts'
import { InvalidInputError } from '../../src/errors.ts'
import { builder } from '../builder.ts'
import { wholeVersion } from '../complexity.ts'
import type { Context } from '../context.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { DatasetSampleConnection, loadSamplePage } from './dataset-sample.ts'

type DiffShape = VersionDiff & { from: string; to: string }

const pageArgs = {
  first: { description: 'How many, 0 to 100. Default 20.' },
  after: { description: 'Cursor of the item before the first wanted one.' },
}

const DatasetDiff = builder.objectRef<DiffShape>('DatasetDiff').implement({
  description: 'How one version differs from another. Samples are told apart by the hash of what they say.',
  fields: t => ({
    added: t.exposeInt('added', { description: 'Samples of `to` that `from` has not.' }),
    removed: t.exposeInt('removed', { description: 'Samples of `from` that `to` has not.' }),
    kept: t.exposeInt('kept', { description: 'Samples of `to` that `from` has too.' }),
    removedByDeletion: t.exposeInt('removedByDeletion', {
      description: 'Of the removed those whose trajectory was deleted; the others were chosen no more.',
    }),
    addedSamples: t.field({
      type: DatasetSampleConnection,
      description: 'The added ones, by their position in `to`; at most 100 a page.',
      args: { first: t.arg.int(pageArgs.first), after: t.arg.string(pageArgs.after) },
      resolve: ({ from, to }, args, context) => loadSamplePage(context, { versionId: to, lackedBy: from }, args),
    }),
    removedSamples: t.field({
      type: DatasetSampleConnection,
      description: 'The removed ones, by their position in `from`; `isDeleted` says why. At most 100 a page.',
      args: { first: t.arg.int(pageArgs.first), after: t.arg.string(pageArgs.after) },
      resolve: ({ from, to }, args, context) => loadSamplePage(context, { versionId: from, lackedBy: to }, args),
    }),
  }),
})

builder.queryField('datasetDiff', t =>
  t.field({
    type: DatasetDiff,
    nullable: true,
    description: 'What changed from one READY version to another; null where the tenant has not both.',
    complexity: { field: wholeVersion.field, multiplier: 1 },
    args: {
      from: t.arg.id({ required: true, description: 'Global id of the older DatasetVersion.' }),
      to: t.arg.id({ required: true, description: 'Global id of the newer DatasetVersion; any dataset.' }),
    },
    resolve: async (_root, args, context) => {
      const from = await findReady(context, args.from, 'from')
      const to = await findReady(context, args.to, 'to')
      return from === null || to === null ? null : { from, to, ...(await diffVersions(context.deps.db, { from, to })) }
    },
  }),
)

async function findReady({ deps, caller }: Context, globalId: string, argument: string): Promise<string | null> {
  const id = toUuid(globalId, 'DatasetVersion')
  if (id === null) return null
  const where = { id, dataset: { tenantId: caller.tenantId } }
  const version = await deps.prisma.datasetVersion.findUnique({ where, select: { status: true } })
  if (version === null) return null
  if (version.status !== 'READY') {
    throw toGraphQLError(new InvalidInputError(argument, `${argument} must be READY; it is ${version.status}.`))
  }
  return id
}
