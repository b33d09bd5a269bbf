import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { encodeGlobalId } from '../../schema/global-id.ts'
import { createDataset } from '../../src/datasets/create-dataset.ts'
import { createVersion } from '../../src/datasets/create-version.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { buildNow, paperRecipe, plainRecipe } from './dataset-house.ts'
import type { TestApi } from './graphql.ts'
import { type IdCase, mutationCase, queryCase } from './id-case.ts'
import type { Trajectory } from './seed.ts'

/** A tenant's dataset with two READY versions of different samples, by global ids and cursors. */
export type Datasets = { dataset: string; version: string; older: string; cursors: Partial<Record<Lists, string>> }

type Owned = { tenantId: string; made: Trajectory; datasets: Datasets }

const documents = {
  samples: `query($version: ID!, $after: String) {
    datasetVersion(id: $version) { samples(first: 1, after: $after) { edges { cursor } } } }`,
  addedSamples: `query($older: ID!, $version: ID!, $after: String) {
    datasetDiff(from: $older, to: $version) { addedSamples(first: 1, after: $after) { edges { cursor } } } }`,
  removedSamples: `query($older: ID!, $version: ID!, $after: String) {
    datasetDiff(from: $older, to: $version) { removedSamples(first: 1, after: $after) { edges { cursor } } } }`,
}
type Lists = keyof typeof documents

/** Makes them of what the tenant has, at least one finished job with two rounds. */
export async function createDatasets(api: TestApi, caller: Caller): Promise<Datasets> {
  const { tenantId } = caller
  const name = `d-${randomUUID()}`
  const datasetId = await createDataset(api.db, { tenantId, name, description: null })
  const ids: string[] = []
  for (const recipe of [plainRecipe, paperRecipe]) {
    const splits = { shares: { train: 1 }, seed: '' }
    const id = await createVersion(api.db, { tenantId, datasetId, filter: {}, recipe, splits, by: 'the key' })
    await buildNow(api.db, id)
    ids.push(encodeGlobalId('DatasetVersion', id))
  }
  const [older = '', version = ''] = ids
  const cursors: Datasets['cursors'] = {}
  for (const list of ['samples', 'addedSamples', 'removedSamples'] as const) {
    const { datasetVersion, datasetDiff } = await api.get(caller, documents[list], { version, older })
    cursors[list] = (datasetVersion ?? datasetDiff)[list].edges[0]?.cursor
  }
  return { dataset: encodeGlobalId('Dataset', datasetId), version, older, cursors }
}

/** The cases of datasets, by the names of `findIdPlaces`. */
export function datasetIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  const datasets = () => owned().datasets

  /** The owner's cursor: it reads on; in a version of its own a stranger is refused. */
  function cursorOf(list: Lists): IdCase {
    return {
      async ask(caller) {
        const isOwner = caller.tenantId === owned().tenantId
        const { version, older } = isOwner ? datasets() : await createDatasets(api, caller)
        return [await api.run(caller, documents[list], { version, older, after: datasets().cursors[list] })]
      },
      there: [{ errors: [] }],
      absent: [{ errors: [{ code: 'INVALID_INPUT', field: 'after' }] }],
    }
  }

  return {
    'Query.dataset(id)': queryCase(
      api,
      'query($id: ID!) { dataset(id: $id) { id } }',
      () => ({ id: datasets().dataset }),
      'dataset',
    ),
    // A name, which says nothing of whose it is: everybody reads on among their own.
    'Query.datasets(after)': {
      ask: async caller => [
        await api.run(caller, 'query($after: String) { datasets(after: $after) { name } }', { after: 'd' }),
      ],
      there: [{ errors: [], data: { datasets: expect.arrayContaining([{ name: expect.any(String) }]) } }],
      absent: [{ errors: [], data: { datasets: [] } }],
    },
    'Query.datasetVersion(id)': queryCase(
      api,
      'query($id: ID!) { datasetVersion(id: $id) { id } }',
      () => ({ id: datasets().version }),
      'datasetVersion',
    ),
    ...Object.fromEntries(
      (['from', 'to'] as const).map(side => [
        `Query.datasetDiff(${side})`,
        {
          ...queryCase(api, '', () => ({}), 'datasetDiff'),
          async ask(caller: Caller) {
            const own = caller.tenantId === owned().tenantId ? datasets() : await createDatasets(api, caller)
            const variables = { from: own.older, to: own.version, [side]: datasets().version }
            const document = 'query($from: ID!, $to: ID!) { datasetDiff(from: $from, to: $to) { added } }'
            return [await api.run(caller, document, variables)]
          },
        },
      ]),
    ),
    'DatasetVersion.samples(after)': cursorOf('samples'),
    'DatasetDiff.addedSamples(after)': cursorOf('addedSamples'),
    'DatasetDiff.removedSamples(after)': cursorOf('removedSamples'),
    'DatasetVersion.deletions(after)': queryCase(
      api,
      'query($id: ID!, $after: ID!) { datasetVersion(id: $id) { deletions(after: $after) { jobId } } }',
      () => ({ id: datasets().version, after: owned().made.job }),
      'datasetVersion',
    ),
    'Mutation.createDatasetVersion(input.datasetId)': mutationCase(
      api,
      'createDatasetVersion($input: CreateDatasetVersionInput!)',
      () => ({ input: { datasetId: datasets().dataset, recipe: { kind: 'PLAIN' } } }),
      { success: 'CreateDatasetVersionSuccess', field: 'datasetId' },
    ),
    'Mutation.deleteDataset(datasetId)': mutationCase(
      api,
      'deleteDataset($datasetId: ID!)',
      () => ({ datasetId: datasets().dataset }),
      { success: 'DeleteDatasetSuccess', field: 'datasetId' },
    ),
  }
}
