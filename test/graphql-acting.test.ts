import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { newJob, seedImage, seedModels, startJob, takeOne, testEditor } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'WRITE')
})
afterAll(() => api.close())

async function queueJob(by = caller): Promise<string> {
  const source = await seedImage(api.db, by.tenantId)
  return encodeGlobalId('Job', await startJob(api.db, by.tenantId, newJob(source)))
}

async function failedJob(): Promise<string> {
  const id = await queueJob()
  const task = await takeOne(api.db, 'edit')
  const failure = { kind: 'rejected', code: 'TOO_DARK', message: 'The model refuses dark pictures.' } as const
  await failStage(api.db, task, { ...failure, retryAfterMs: null, endpointId: null })
  return id
}

const errors = `... on Error { code message } ... on NotFoundError { field }`

async function act(mutation: 'cancelJob' | 'retryJob' | 'deleteJob', jobId: string) {
  const [name] = [mutation.charAt(0).toUpperCase() + mutation.slice(1)]
  const success = mutation === 'deleteJob' ? 'deletedId' : 'job { id status stopReason cancelRequestedAt run }'
  const status = { cancelJob: 'JobFinishedError', retryJob: 'JobNotFailedError', deleteJob: 'JobActiveError' }[mutation]
  const document = `mutation($jobId: ID!) {
    ${mutation}(jobId: $jobId) { __typename ... on ${name}Success { ${success} } ... on ${status} { status } ${errors} }
  }`
  return (await api.get(caller, document, { jobId }))[mutation]
}

test('a waiting job is canceled, and again without a change', async () => {
  const id = await queueJob()
  const canceled = await act('cancelJob', id)
  expect(canceled).toMatchObject({
    __typename: 'CancelJobSuccess',
    job: { id, status: 'CANCELED', stopReason: 'CANCELED' },
  })
  expect(await act('cancelJob', id)).toEqual(canceled)
})

test('a job that has ended cannot be canceled or, unless it failed, retried', async () => {
  const { job } = await createFinishedJob(api.db, caller)
  expect(await act('cancelJob', job)).toMatchObject({ __typename: 'JobFinishedError', status: 'SUCCEEDED' })
  expect(await act('retryJob', job)).toMatchObject({ __typename: 'JobNotFailedError', status: 'SUCCEEDED' })
})

test('a failed job says why, and a retry lets it go on', async () => {
  const id = await failedJob()
  const document =
    'query($id: ID!) { job(id: $id) { status error { code message isRetryable } rounds { error { code } } } }'
  expect(await api.get(caller, document, { id })).toEqual({
    job: {
      status: 'FAILED',
      error: { code: 'TOO_DARK', message: 'The model refuses dark pictures.', isRetryable: false },
      rounds: [{ error: { code: 'TOO_DARK' } }],
    },
  })
  expect(await act('retryJob', id)).toMatchObject({
    __typename: 'RetryJobSuccess',
    job: { id, status: 'QUEUED', run: 2 },
  })
  await act('cancelJob', id)
})

test('an unfinished job cannot be deleted, a finished one is gone with all it holds', async () => {
  const waiting = await queueJob()
  expect(await act('deleteJob', waiting)).toMatchObject({ __typename: 'JobActiveError', status: 'QUEUED' })
  await act('cancelJob', waiting)
  const { job, rounds, critiques } = await createFinishedJob(api.db, caller)
  expect(await act('deleteJob', job)).toEqual({ __typename: 'DeleteJobSuccess', deletedId: job })
  const ids = [job, ...rounds, ...critiques]
  const { nodes } = await api.get(caller, 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
  expect(nodes).toEqual(ids.map(() => null))
  expect(await act('deleteJob', job)).toMatchObject({ __typename: 'NotFoundError', field: 'jobId' })
})

test('canceling many stops what matches and counts it', async () => {
  const by = await createCaller(api.db, 'WRITE')
  const [one] = [await queueJob(by), await queueJob(by), await queueJob(by)]
  const document = `mutation($filter: JobFilter!) {
    cancelJobs(filter: $filter) { __typename ... on CancelJobsSuccess { count } ... on InvalidInputError { field message } }
  }`
  const cancel = async (filter: object) => (await api.get(by, document, { filter })).cancelJobs
  expect(await cancel({ batch: 'none' })).toEqual({ __typename: 'CancelJobsSuccess', count: 0 })
  expect(await cancel({ tags: [''] })).toMatchObject({ __typename: 'InvalidInputError', field: 'filter.tags.0' })
  expect(await cancel({})).toEqual({ __typename: 'CancelJobsSuccess', count: 3 })
  expect(await cancel({ status: ['QUEUED', 'RUNNING'], editor: [testEditor] })).toMatchObject({ count: 0 })
  expect((await api.get(by, 'query($id: ID!) { job(id: $id) { status } }', { id: one })).job.status).toBe('CANCELED')
})

const FORK = `mutation($input: ForkRoundInput!) {
  forkRound(input: $input) {
    __typename
    ... on ForkRoundSuccess { job { id instruction source { id } forkedFrom { id job { id } } settings { maxRounds }
      rounds { index prompt promptSource seed parent { id } } } }
    ... on InvalidInputError { field } ... on IdempotencyConflictError { idempotencyKey } ${errors}
  }
}`
const fork = async (input: object) => (await api.get(caller, FORK, { input })).forkRound

test('a fork goes on from a round of another job, with another prompt and seed', async () => {
  const made = await createFinishedJob(api.db, caller)
  const { job } = await fork({ roundId: made.rounds[0], prompt: 'add a hat', seed: 7, settings: { maxRounds: 2 } })
  expect(job).toMatchObject({
    instruction: 'make it brighter',
    source: { id: made.source },
    forkedFrom: { id: made.rounds[0], job: { id: made.job } },
    settings: { maxRounds: 2 },
    rounds: [{ index: 1, prompt: 'add a hat', promptSource: 'USER', seed: 7, parent: { id: made.rounds[0] } }],
  })
  await act('cancelJob', job.id)
  const refined = await fork({ roundId: made.rounds[0], idempotencyKey: 'f' })
  expect(refined.job.rounds[0].prompt).toMatch(/^refined /)
  expect((await fork({ roundId: made.rounds[0], idempotencyKey: 'f' })).job.id).toBe(refined.job.id)
  expect(await fork({ roundId: made.rounds[1], idempotencyKey: 'f' })).toMatchObject({ idempotencyKey: 'f' })
  await act('cancelJob', refined.job.id)
  expect(await fork({ roundId: made.job })).toMatchObject({ __typename: 'NotFoundError', field: 'roundId' })
  expect(await fork({ roundId: made.rounds[0], seed: -1 })).toMatchObject({ field: 'seed' })
  expect(await fork({ roundId: made.rounds[0], prompt: '' })).toMatchObject({ field: 'prompt' })
  expect(await fork({ roundId: made.rounds[0], settings: { candidates: 9 } })).toMatchObject({
    field: 'settings.candidates',
  })
})

const CRITICISE = `mutation($input: AddCritiqueInput!) {
  addCritique(input: $input) {
    __typename
    ... on AddCritiqueSuccess { critique { source by semantic quality overall isSatisfied reasoning round { id } } }
    ... on InvalidInputError { field message } ${errors}
  }
}`
const criticise = async (input: object) => (await api.get(caller, CRITICISE, { input })).addCritique

test("a person's critique stands beside the thinker's and carries the key's name", async () => {
  const { rounds, critiques } = await createFinishedJob(api.db, caller)
  const [roundId] = rounds
  const { critique } = await criticise({
    roundId,
    semantic: 4,
    quality: 9,
    isSatisfied: false,
    reasoning: 'Too bright.',
  })
  const scores = { semantic: 4, quality: 9, overall: 6, isSatisfied: false, reasoning: 'Too bright.' }
  expect(critique).toEqual({ source: 'HUMAN', by: 'write key', ...scores, round: { id: roundId } })
  expect((await criticise({ roundId, isSatisfied: true })).critique).toMatchObject({ overall: null, isSatisfied: true })
  const document = 'query($id: ID!) { node(id: $id) { ... on Round { critique { id } critiques { id source } } } }'
  const { node } = await api.get(caller, document, { id: roundId })
  expect(node.critique.id).toBe(critiques[0])
  expect(node.critiques.map((item: { source: string }) => item.source)).toEqual(['THINKER', 'HUMAN', 'HUMAN'])
  expect(await criticise({ roundId, semantic: 11 })).toMatchObject({
    field: 'semantic',
    message: expect.stringContaining('0 to 10'),
  })
  expect(await criticise({ roundId })).toMatchObject({ __typename: 'InvalidInputError', field: 'semantic' })
  expect(await criticise({ roundId: 'x', quality: 1 })).toMatchObject({ __typename: 'NotFoundError', field: 'roundId' })
})
