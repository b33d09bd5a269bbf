import { expect } from 'vitest'
import { encodeGlobalId } from '../../schema/global-id.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import type { TestApi } from './graphql.ts'
import { type IdCase, idResult, mutationCase, queryCase } from './id-case.ts'
import { benchmarkIdCases } from './id-cases-benchmarks.ts'
import { type Datasets, datasetIdCases } from './id-cases-datasets.ts'
import { type Exports, exportIdCases } from './id-cases-exports.ts'
import { type Feedback, feedbackIdCases } from './id-cases-feedback.ts'
import { type Judging, judgingIdCases } from './id-cases-judging.ts'
import { logIdCases } from './id-cases-log.ts'
import type { Trajectory } from './seed.ts'
import { seedImage } from './stage-driver.ts'

/** What a tenant has, by global ids and cursors. */
export type Owned = {
  tenantId: string
  made: Trajectory
  feedback: Feedback
  judging: Judging
  datasets: Datasets
  exports: Exports
  queued: string
  /** An image that no job needs. */
  spare: string
  key: string
  uploadId: string
  jobCursor: string
  batchCursor: string
  trajectoryCursor: string
  eventCursor: string
}

type Variables = () => Record<string, unknown>

/** A case for every place of the schema that takes an id or a cursor, by the names of `findIdPlaces`. */
export function makeIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  const query = (document: string, variables: Variables, path: string) => queryCase(api, document, variables, path)
  const mutation = (call: string, variables: Variables, success: string, field: string) =>
    mutationCase(api, call, variables, { success, field })

  /** A cursor: its owner reads on, a stranger is refused. */
  function cursor(document: string, value: () => string, argument: string): IdCase {
    const ask = async (caller: Caller) => [await api.run(caller, document, { cursor: value() })]
    return { ask, there: [{ errors: [] }], absent: [{ errors: [{ code: 'INVALID_INPUT', field: argument }] }] }
  }

  /** `startEdits` tells of each edit on its own. */
  function batchOf(edit: Variables, field: string): IdCase {
    const document = `mutation($input: StartEditsInput!) { startEdits(input: $input) { ... on StartEditsSuccess { jobs ${idResult} } } }`
    const ask = async (caller: Caller) => {
      const own = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
      const input = { edits: [{ sourceId: own, instruction: 'brighter', ...edit() }] }
      return [await api.run(caller, document, { input })]
    }
    const results = (item: object) => [{ errors: [], data: { startEdits: { jobs: [item] } } }]
    return {
      ask,
      there: results({ __typename: 'StartEditSuccess' }),
      absent: results({ __typename: 'NotFoundError', field }),
    }
  }

  /** `startEdit`, `startGeneration` or `startFill` by `noun`, with images of the caller's own besides `fields`. */
  function start(noun: string, fields: Variables, field: string): IdCase {
    const call = `start${noun}($input: Start${noun}Input!)`
    return {
      ...mutation(call, () => ({}), `Start${noun}Success`, field),
      ask: async caller => {
        const own = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
        const pictures = { Edit: { sourceId: own }, Generation: {}, Fill: { sourceId: own, maskId: own } }[noun]
        const input = { instruction: 'brighter', ...pictures, ...fields() }
        return [
          await api.run(caller, `mutation($input: Start${noun}Input!) { start${noun}(input: $input) ${idResult} }`, {
            input,
          }),
        ]
      },
    }
  }
  const references = () => ({ referenceIds: [owned().spare] })

  /** Cursors of the tenant's log are places in time: a stranger's read goes on in its own log and shows none of the owner's. */
  const everything = () => ({ ids: everyId(owned()) })
  const input = (fields: () => object) => () => ({ input: fields() })

  return {
    'Query.job(id)': query('query($id: ID!) { job(id: $id) { id } }', () => ({ id: owned().made.job }), 'job'),
    'Query.image(id)': query('query($id: ID!) { image(id: $id) { id } }', () => ({ id: owned().made.source }), 'image'),
    'Query.jobEvents(jobId)': query(
      'query($id: ID!) { jobEvents(jobId: $id) { events { seq } lastSeq } }',
      () => ({ id: owned().made.job }),
      'jobEvents',
    ),
    'Query.node(id)': {
      ask: async caller => {
        const document = 'query($id: ID!) { node(id: $id) { id } }'
        return Promise.all(everything().ids.map(id => api.run(caller, document, { id })))
      },
      there: everything().ids.map(() => ({ errors: [], data: { node: { id: expect.any(String) } } })),
      absent: everything().ids.map(() => ({ errors: [], data: { node: null } })),
    },
    'Query.nodes(ids)': {
      ask: async caller => [await api.run(caller, 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }', everything())],
      there: [{ errors: [], data: { nodes: everything().ids.map(() => ({ id: expect.any(String) })) } }],
      absent: [{ errors: [], data: { nodes: everything().ids.map(() => null) } }],
    },
    'Query.jobs(after)': cursor(
      'query($cursor: String) { jobs(after: $cursor) { edges { node { id } } } }',
      () => owned().jobCursor,
      'after',
    ),
    'Query.jobs(before)': cursor(
      'query($cursor: String) { jobs(before: $cursor) { edges { node { id } } } }',
      () => owned().jobCursor,
      'before',
    ),
    'Query.trajectories(after)': cursor(
      'query($cursor: String) { trajectories(after: $cursor) { edges { node { rounds } } } }',
      () => owned().trajectoryCursor,
      'after',
    ),
    'Batch.jobs(after)': cursor(
      'query($cursor: String) { batch(label: "ours") { jobs(after: $cursor) { edges { node { id } } } } }',
      () => owned().batchCursor,
      'after',
    ),
    ...logIdCases(api, owned),
    'Subscription.jobEvents(jobId)': {
      ask: caller =>
        api.follow(caller, 'subscription($id: ID!) { jobEvents(jobId: $id) { seq } }', { id: owned().made.job }, 1),
      there: [{ errors: [], data: { jobEvents: { seq: 1 } } }],
      absent: [{ data: undefined, errors: [{ code: 'NOT_FOUND' }] }],
    },
    'Mutation.startEdit(input.sourceId)': start('Edit', () => ({ sourceId: owned().made.source }), 'sourceId'),
    'Mutation.startEdit(input.referenceIds)': start('Edit', references, 'referenceIds.0'),
    'Mutation.startGeneration(input.referenceIds)': start('Generation', references, 'referenceIds.0'),
    'Mutation.startFill(input.sourceId)': start('Fill', () => ({ sourceId: owned().made.source }), 'sourceId'),
    'Mutation.startFill(input.maskId)': start('Fill', () => ({ maskId: owned().made.source }), 'maskId'),
    'Mutation.startFill(input.referenceIds)': start('Fill', references, 'referenceIds.0'),
    'Mutation.startEdits(input.edits.sourceId)': batchOf(() => ({ sourceId: owned().made.source }), 'sourceId'),
    'Mutation.startEdits(input.edits.referenceIds)': batchOf(references, 'referenceIds.0'),
    'Mutation.cancelJob(jobId)': mutation(
      'cancelJob($jobId: ID!)',
      () => ({ jobId: owned().queued }),
      'CancelJobSuccess',
      'jobId',
    ),
    'Mutation.retryJob(jobId)': mutation(
      'retryJob($jobId: ID!)',
      () => ({ jobId: owned().made.job }),
      'JobNotFailedError',
      'jobId',
    ),
    'Mutation.deleteJob(jobId)': mutation(
      'deleteJob($jobId: ID!)',
      () => ({ jobId: owned().made.job }),
      'DeleteJobSuccess',
      'jobId',
    ),
    'Mutation.deleteImage(imageId)': mutation(
      'deleteImage($imageId: ID!)',
      () => ({ imageId: owned().spare }),
      'DeleteImageSuccess',
      'imageId',
    ),
    'Mutation.completeUpload(uploadId)': mutation(
      'completeUpload($uploadId: ID!)',
      () => ({ uploadId: owned().uploadId }),
      'UploadMissingError',
      'uploadId',
    ),
    'Mutation.forkRound(input.roundId)': mutation(
      'forkRound($input: ForkRoundInput!)',
      input(() => ({ roundId: owned().made.rounds[0] })),
      'ForkRoundSuccess',
      'roundId',
    ),
    'Mutation.addCritique(input.roundId)': mutation(
      'addCritique($input: AddCritiqueInput!)',
      input(() => ({ roundId: owned().made.rounds[0], quality: 5 })),
      'AddCritiqueSuccess',
      'roundId',
    ),
    ...feedbackIdCases(api, owned),
    ...benchmarkIdCases(api, owned),
    ...judgingIdCases(api, owned),
    ...datasetIdCases(api, owned),
    ...exportIdCases(api, owned),
    'Mutation.revokeApiKey(id)': mutation(
      'revokeApiKey($id: ID!)',
      () => ({ id: owned().key }),
      'RevokeApiKeySuccess',
      'id',
    ),
  }
}

/** The global ids of one object of every type that a tenant has. */
export function everyId({ made, feedback, judging, datasets, exports, key }: Owned): string[] {
  const { preference, queue, review } = feedback
  const { dataset, version } = datasets
  return [
    ...[made.job, ...made.rounds, ...made.critiques, made.source, preference, queue, review, judging.run],
    ...[dataset, version, exports.done, key],
  ]
}
