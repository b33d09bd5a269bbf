import { z } from 'zod'
import { createDataset } from '../../src/datasets/create-dataset.ts'
import { createVersion } from '../../src/datasets/create-version.ts'
import { deleteDataset } from '../../src/datasets/delete-dataset.ts'
import { DatasetExistsError, DatasetLimitError } from '../../src/datasets/errors.ts'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { encodeGlobalId, toUuid } from '../global-id.ts'
import { optional } from '../jobs/edit-input.ts'
import { successType } from '../jobs/job-result.ts'
import { parseInput, textOf } from '../parse-input.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from '../trajectories/trajectory-filter.ts'
import { Dataset } from './dataset.ts'
import { DatasetRecipeInput, recipeRule } from './dataset-recipe.ts'
import { splitsRule } from './dataset-splits.ts'
import { DatasetVersion } from './dataset-version.ts'

const CreateDatasetInput = builder.inputType('CreateDatasetInput', {
  description: 'A dataset to create, without versions.',
  fields: t => ({
    name: t.string({
      required: true,
      description: '1 to 100 letters, digits, dots, hyphens and underscores; a letter or digit first.',
    }),
    description: t.string({ description: 'What it is for, 1 to 2000 characters.' }),
  }),
})

const datasetRule = z.object({
  name: textOf(1, 100).refine(
    name => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name),
    'must be of letters, digits, dots, hyphens and underscores, a letter or digit first',
  ),
  description: optional(textOf(1, 2000)),
})

const CreateDatasetSuccess = builder.objectRef<{ datasetId: string }>('CreateDatasetSuccess').implement({
  description: 'The dataset was created.',
  fields: t => ({
    dataset: t.prismaField({
      type: Dataset,
      description: 'The dataset.',
      resolve: async (query, { datasetId: id }, _args, { deps, caller }) => {
        const where = { id, tenantId: caller.tenantId }
        const dataset = await deps.prisma.dataset.findUnique({ ...query, where })
        if (dataset === null) throw toGraphQLError(new NotFoundError('datasetId', 'dataset')) // deleted just now
        return dataset
      },
    }),
  }),
})

const CreateDatasetResult = builder.errorUnion('CreateDatasetResult', {
  description: 'What became of a new dataset.',
  types: [CreateDatasetSuccess, InvalidInputError, DatasetExistsError, DatasetLimitError],
  resolveType: successType('CreateDatasetSuccess'),
})

const CreateDatasetVersionInput = builder.inputType('CreateDatasetVersionInput', {
  description: 'What a version is to hold.',
  fields: t => ({
    datasetId: t.id({ required: true, description: 'Global id of the Dataset.' }),
    filter: t.field({ type: TrajectoryFilterInput, description: 'Which trajectories; null: all.' }),
    recipe: t.field({
      type: DatasetRecipeInput,
      required: true,
      description: 'How samples are made of them.',
    }),
    splits: t.field({
      type: 'JSON',
      description:
        'Shares by split, such as {"train": 0.9, "test": 0.1}, of sum 1; all samples of one source are in one split. Null: all in `train`.',
    }),
    splitSeed: t.string({ description: 'Another text divides otherwise, 1 to 200 characters. Null: none.' }),
  }),
})

const versionRule = z.object({
  filter: trajectoryFilterRule.nullish().transform(filter => filter ?? {}),
  recipe: recipeRule,
  splits: splitsRule,
  splitSeed: optional(textOf(1, 200)),
})

const CreateDatasetVersionSuccess = builder.objectRef<{ versionId: string }>('CreateDatasetVersionSuccess').implement({
  description: 'The version is being built.',
  fields: t => ({
    version: t.prismaField({
      type: DatasetVersion,
      description: 'The version as it is now.',
      resolve: async (query, { versionId: id }, _args, { deps, caller }) => {
        const where = { id, dataset: { tenantId: caller.tenantId } }
        const version = await deps.prisma.datasetVersion.findUnique({ ...query, where })
        if (version === null) throw toGraphQLError(new NotFoundError('datasetId', 'dataset')) // deleted just now
        return version
      },
    }),
  }),
})

const CreateDatasetVersionResult = builder.errorUnion('CreateDatasetVersionResult', {
  description: 'What became of a new version.',
  types: [CreateDatasetVersionSuccess, InvalidInputError, NotFoundError, DatasetLimitError],
  resolveType: successType('CreateDatasetVersionSuccess'),
})

const DeleteDatasetSuccess = builder.objectRef<{ datasetId: string }>('DeleteDatasetSuccess').implement({
  description: 'The dataset is gone, with its versions and their exports.',
  fields: t => ({
    deletedId: t.id({
      description: 'The global id it had.',
      resolve: ({ datasetId }) => encodeGlobalId('Dataset', datasetId),
    }),
  }),
})

const DeleteDatasetResult = builder.errorUnion('DeleteDatasetResult', {
  description: 'What became of a deletion.',
  types: [DeleteDatasetSuccess, NotFoundError],
  resolveType: successType('DeleteDatasetSuccess'),
})

builder.mutationFields(t => ({
  createDataset: t.field({
    type: CreateDatasetResult,
    description: 'Creates a dataset. What it holds comes with its versions.',
    args: { input: t.arg({ type: CreateDatasetInput, required: true, description: 'The dataset.' }) },
    resolve: async (_root, { input }, { deps, caller: { tenantId } }) => ({
      datasetId: await createDataset(deps.db, { tenantId, ...parseInput(datasetRule, input) }),
    }),
  }),
  createDatasetVersion: t.field({
    type: CreateDatasetVersionResult,
    description:
      'Adds a version of what has ended by now, built in the background. The same trajectories, recipe and splits give the same hash.',
    args: { input: t.arg({ type: CreateDatasetVersionInput, required: true, description: 'What it is to hold.' }) },
    resolve: async (_root, { input: { datasetId, ...rest } }, { deps, caller }) => {
      const { splits, splitSeed, ...given } = parseInput(versionRule, rest)
      const version = { ...given, splits: { shares: splits, seed: splitSeed ?? '' } }
      const { tenantId, keyName } = caller
      return {
        versionId: await createVersion(deps.db, {
          ...version,
          tenantId,
          datasetId: toDatasetId(datasetId),
          by: keyName,
        }),
      }
    },
  }),
  deleteDataset: t.field({
    type: DeleteDatasetResult,
    description: 'Removes a dataset with its versions and their exports. The trajectories stay.',
    args: { datasetId: t.arg.id({ required: true, description: 'Global id of the Dataset.' }) },
    resolve: async (_root, args, { deps, caller: { tenantId } }) => {
      const datasetId = toDatasetId(args.datasetId)
      await deleteDataset(deps.db, { tenantId, datasetId })
      return { datasetId }
    },
  }),
}))

function toDatasetId(globalId: string): string {
  const id = toUuid(globalId, 'Dataset')
  if (id === null) throw new NotFoundError('datasetId', 'dataset')
  return id
}
