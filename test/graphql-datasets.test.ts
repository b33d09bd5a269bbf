import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeGlobalId, toUuid } from '../schema/global-id.ts'
import { startBackgroundWork } from '../src/background-work.ts'
import { versionBuilds } from '../src/datasets/version-builds.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { silentLog } from './support/silent-log.ts'
import { seedModels } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let api: TestApi
let work: { stop(): Promise<void> }
let caller: Caller

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  work = startBackgroundWork({ db: api.db, feed: api.deps.feed, log: silentLog, works: [versionBuilds(api.db)] })
})
afterAll(async () => {
  await work.stop()
  await api.close()
})
beforeEach(async () => {
  caller = await createCaller(api.db, 'WRITE')
})

const createDatasetDocument = `mutation($input: CreateDatasetInput!) { createDataset(input: $input) {
  __typename ... on CreateDatasetSuccess { dataset { id name description } } ... on Error { code message }
  ... on InvalidInputError { field } ... on DatasetExistsError { datasetName }
} }`
const createVersionDocument = `mutation($input: CreateDatasetVersionInput!) { createDatasetVersion(input: $input) {
  __typename ... on CreateDatasetVersionSuccess { version { id number status } } ... on Error { code message }
  ... on InvalidInputError { field }
} }`

async function createDataset(name = 'edits'): Promise<string> {
  const { createDataset: result } = await api.get(caller, createDatasetDocument, { input: { name } })
  return result.dataset.id
}

async function createReady(datasetId: string, input: Record<string, unknown> = {}): Promise<string> {
  const variables = { input: { datasetId, recipe: { kind: 'THINK_EDIT' }, ...input } }
  const { createDatasetVersion: result } = await api.get(caller, createVersionDocument, variables)
  const { id } = result.version
  await until('the version is ready', async () => {
    const { datasetVersion } = await api.get(caller, 'query($id: ID!) { datasetVersion(id: $id) { status } }', { id })
    return datasetVersion.status === 'READY'
  })
  return id
}

const scores: [number, number][] = [
  [3, 3],
  [7, 7],
]

describe('a dataset', () => {
  it('is created, listed and found by name, with its versions', async () => {
    await createFinishedJob(api.db, caller, { scores })
    const input = { name: 'edits', description: 'Steps to train on.' }
    const { createDataset: created } = await api.get(caller, createDatasetDocument, { input })
    expect(created).toMatchObject({ __typename: 'CreateDatasetSuccess', dataset: input })
    const versionId = await createReady(created.dataset.id, { splits: { train: 0.5, test: 0.5 }, splitSeed: 'a' })
    const { dataset, datasets } = await api.get(
      caller,
      `{ datasets { name } dataset(name: "edits") { id versions { id number status filter recipe splits splitSeed
        sampleCount splitCounts { split samples } funnel { name unit in kept dropped reason } contentHash error { code }
        by deletedSamples deletions { jobId } dataset { name } } } }`,
    )
    expect(datasets).toEqual([{ name: 'edits' }])
    const [version] = dataset.versions
    expect(version).toMatchObject({
      ...{ id: versionId, number: 1, status: 'READY', filter: {}, splits: { train: 0.5, test: 0.5 }, splitSeed: 'a' },
      ...{ sampleCount: 1, splitCounts: [{ samples: 1 }], error: null, by: 'write key', deletedSamples: 0 },
      ...{ deletions: [], dataset: { name: 'edits' }, contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      recipe: { kind: 'think-edit', taskKey: 'task', includeFinal: false, subset: 'ALL' },
    })
    expect(version.funnel[0]).toEqual({
      ...{ name: 'match the filter', unit: 'trajectories', in: 1, kept: 1, dropped: 0, reason: null },
    })
  })

  it('leads from a sample to its job, round, picture and critique, and no further once they are deleted', async () => {
    const trajectory = await createFinishedJob(api.db, caller, { scores })
    const id = await createReady(await createDataset())
    const document = `query($id: ID!) { datasetVersion(id: $id) { deletedSamples deletions { jobId samples }
      samples(first: 5) { pageInfo { hasNextPage } edges { cursor node { position hash split isDeleted content
        job { id } round { id index } rejectedRound { id } critique { id overall } image { id } } } } } }`
    const { datasetVersion: before } = await api.get(caller, document, { id })
    const [{ node }] = before.samples.edges
    expect(node).toMatchObject({
      ...{ position: 0, split: 'train', isDeleted: false, job: { id: trajectory.job }, rejectedRound: null },
      ...{ round: { id: trajectory.rounds[0], index: 1 }, critique: { id: trajectory.critiques[0], overall: 3 } },
      image: { id: trajectory.image },
      content: { kind: 'STEP', instruction: 'make it brighter', edited: { contentType: 'image/png' } },
    })
    expect(JSON.stringify(node.content)).not.toContain('objectKey')

    await deleteJob(api.db, { tenantId: caller.tenantId, jobId: toUuid(trajectory.job, 'Job') ?? '' })
    const { datasetVersion: after } = await api.get(caller, document, { id })
    expect(after).toMatchObject({ deletedSamples: 1, deletions: [{ jobId: trajectory.job, samples: 1 }] })
    expect(after.samples.edges[0].node).toMatchObject({
      ...{ hash: node.hash, isDeleted: true, content: null, job: null, round: null, critique: null, image: null },
    })
  })

  it('gives its samples a page at a time, and what changed from version to version', async () => {
    for (const first of [1, 2, 3])
      await createFinishedJob(api.db, caller, {
        scores: [
          [first, first],
          [9, 9],
        ],
      })
    const datasetId = await createDataset()
    const from = await createReady(datasetId)
    await createFinishedJob(api.db, caller, {
      scores: [
        [4, 4],
        [9, 9],
      ],
    })
    const to = await createReady(datasetId, { filter: { firstOverall: { gte: 2 } } })
    const page = `query($id: ID!, $after: String) { datasetVersion(id: $id) { samples(first: 2, after: $after) {
      pageInfo { hasNextPage endCursor } edges { node { position } } } } }`
    const { datasetVersion: first } = await api.get(caller, page, { id: from })
    expect(first.samples).toMatchObject({ pageInfo: { hasNextPage: true }, edges: [{}, {}] })
    const { endCursor: after } = first.samples.pageInfo
    const { datasetVersion: second } = await api.get(caller, page, { id: from, after })
    expect(second.samples).toMatchObject({ pageInfo: { hasNextPage: false }, edges: [{ node: { position: 2 } }] })
    const foreign = await api.run(caller, page, { id: to, after })
    expect(foreign.errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'after' }])

    const { datasetDiff } = await api.get(
      caller,
      `query($from: ID!, $to: ID!) { datasetDiff(from: $from, to: $to) { added removed kept removedByDeletion
        addedSamples { edges { node { content } } } removedSamples { edges { node { content isDeleted } } } } }`,
      { from, to },
    )
    expect(datasetDiff).toMatchObject({
      ...{ added: 1, removed: 1, kept: 2, removedByDeletion: 0 },
      addedSamples: { edges: [{ node: { content: { scores: { overall: 4 } } } }] },
      removedSamples: { edges: [{ node: { content: { scores: { overall: 1 } }, isDeleted: false } }] },
    })
  })

  it('is deleted with its versions', async () => {
    const datasetId = await createDataset()
    const versionId = await createReady(datasetId)
    const document = `mutation($id: ID!) { deleteDataset(datasetId: $id) {
      __typename ... on DeleteDatasetSuccess { deletedId } ... on Error { code } } }`
    const { deleteDataset } = await api.get(caller, document, { id: datasetId })
    expect(deleteDataset).toEqual({ __typename: 'DeleteDatasetSuccess', deletedId: datasetId })
    expect(await api.get(caller, 'query($id: ID!) { node(id: $id) { id } }', { id: versionId })).toEqual({ node: null })
    const again = await api.get(caller, document, { id: datasetId })
    expect(again.deleteDataset).toEqual({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
  })
})

describe('bad input', () => {
  it('names the field, and nothing is stored', async () => {
    await createDataset()
    const twice = await api.get(caller, createDatasetDocument, { input: { name: 'edits' } })
    expect(twice.createDataset).toMatchObject({ code: 'DATASET_EXISTS', datasetName: 'edits' })
    for (const name of ['', '-a', 'a b', 'x'.repeat(101)]) {
      const { createDataset: result } = await api.get(caller, createDatasetDocument, { input: { name } })
      expect(result).toMatchObject({ code: 'INVALID_INPUT', field: 'name' })
    }
    expect(await api.get(caller, '{ datasets { name } }')).toEqual({ datasets: [{ name: 'edits' }] })
  })

  it.each([
    ['recipe.thinkEdit.subset', { recipe: { kind: 'THINK_EDIT', thinkEdit: { subset: 'RL' } } }],
    ['recipe.thinkEdit.maxPerCell', { recipe: { kind: 'THINK_EDIT', thinkEdit: { maxPerCell: 0 } } }],
    ['recipe.thinkEdit.scoreShares', { recipe: { kind: 'THINK_EDIT', thinkEdit: { scoreShares: { '3': 1 } } } }],
    ['recipe.thinkEdit.taskShares', { recipe: { kind: 'THINK_EDIT', thinkEdit: { taskShares: { style: -1 } } } }],
    ['recipe.thinkEdit.taskShares', { recipe: { kind: 'THINK_EDIT', thinkEdit: { taskShares: [1] } } }],
    [
      'recipe.thinkEdit.wantedRlTrajectories',
      { recipe: { kind: 'THINK_EDIT', thinkEdit: { varianceThreshold: 1, wantedRlTrajectories: 1 } } },
    ],
    ['recipe.preference.minMargin', { recipe: { kind: 'PREFERENCE', preference: { minMargin: 0 } } }],
    [
      'recipe.preference.useHuman',
      { recipe: { kind: 'PREFERENCE', preference: { useScores: false, useHuman: false } } },
    ],
    ['recipe.preference', { recipe: { kind: 'PLAIN', preference: {} } }],
    ['splits', { splits: { train: 0.9, test: 0.2 } }],
    ['splits', { splits: { '../train': 1 } }],
    ['splits', { splits: 'train' }],
    ['splits', { splits: {} }],
    ['filter.or.0.instruction', { filter: { or: [{ instruction: '' }] } }],
  ])('%s of a version', async (field, input) => {
    const datasetId = await createDataset()
    const variables = { input: { datasetId, recipe: { kind: 'THINK_EDIT' }, ...input } }
    const { createDatasetVersion: result } = await api.get(caller, createVersionDocument, variables)
    expect(result).toMatchObject({ __typename: 'InvalidInputError', field: expect.stringContaining(field) })
    const { dataset } = await api.get(caller, '{ dataset(name: "edits") { versions { id } } }')
    expect(dataset.versions).toEqual([])
  })

  it('of queries is an entry of errors', async () => {
    const { errors } = await api.run(caller, '{ dataset { id } }')
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'name' }])
    const datasetId = await createDataset()
    const building = await api.db.query<{ id: string }>(
      `insert into dataset_version (id, dataset_id, number, status, filter, recipe, splits, as_of, by, error_code)
       values (gen_random_uuid(), $1, 1, 'FAILED', '{}', '{"kind":"plain"}', '{}', '', '', 'X') returning id`,
      [toUuid(datasetId, 'Dataset')],
    )
    const id = encodeGlobalId('DatasetVersion', building.rows[0]?.id ?? '')
    const diff = await api.run(caller, 'query($id: ID!) { datasetDiff(from: $id, to: $id) { added } }', { id })
    expect(diff.errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'from' }])
  })
})

describe('another tenant', () => {
  it('sees none of it and adds nothing to it', async () => {
    await createFinishedJob(api.db, caller, { scores })
    const datasetId = await createDataset()
    const id = await createReady(datasetId)
    const stranger = await createCaller(api.db, 'WRITE')
    const read = `query($id: ID!, $datasetId: ID!) { dataset(id: $datasetId) { id } datasets { id }
      datasetVersion(id: $id) { id } datasetDiff(from: $id, to: $id) { added } nodes(ids: [$id, $datasetId]) { id } }`
    expect(await api.get(stranger, read, { id, datasetId })).toEqual({
      ...{ dataset: null, datasets: [], datasetVersion: null, datasetDiff: null, nodes: [null, null] },
    })
    expect(await api.get(stranger, '{ dataset(name: "edits") { id } }')).toEqual({ dataset: null })
    const input = { datasetId, recipe: { kind: 'PLAIN' } }
    const { createDatasetVersion: added } = await api.get(stranger, createVersionDocument, { input })
    expect(added).toMatchObject({ code: 'NOT_FOUND' })
    const removed = await api.get(
      stranger,
      'mutation($id: ID!) { deleteDataset(datasetId: $id) { ... on Error { code } } }',
      { id: datasetId },
    )
    expect(removed.deleteDataset).toEqual({ code: 'NOT_FOUND' })
    const own = await api.get(stranger, createDatasetDocument, { input: { name: 'edits' } })
    expect(own.createDataset.__typename).toBe('CreateDatasetSuccess')
  })

  it('gives no trajectory to a version', async () => {
    await createFinishedJob(api.db, caller, { scores })
    caller = await createCaller(api.db, 'WRITE')
    const id = await createReady(await createDataset(), { recipe: { kind: 'PLAIN' } })
    const { datasetVersion } = await api.get(caller, 'query($id: ID!) { datasetVersion(id: $id) { sampleCount } }', {
      id,
    })
    expect(datasetVersion).toEqual({ sampleCount: 0 })
  })

  it('of role READ changes nothing', async () => {
    const reader = await createCaller(api.db, 'READ', caller)
    const { errors } = await api.run(reader, createDatasetDocument, { input: { name: 'x' } })
    expect(errors).toMatchObject([{ code: 'FORBIDDEN' }])
  })
})
