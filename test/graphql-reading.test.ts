import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { everyJobField } from './support/documents.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller, createFinishedJob, type Trajectory } from './support/seed.ts'
import { seedModels, testEditor, testThinker } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
let made: Trajectory

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'READ')
  made = await createFinishedJob(api.db, caller, {
    job: { tags: ['a', 'b'], metadata: { row: 7 }, batch: 'first', priority: 3 },
  })
})
afterAll(() => api.close())

test('a job tells its settings, rounds, critiques and images', async () => {
  const { job } = await api.get(caller, `query($id: ID!) { job(id: $id) { ...JobFields } } ${everyJobField}`, {
    id: made.job,
  })
  expect(job).toMatchObject({
    id: made.job,
    kind: 'EDIT',
    status: 'SUCCEEDED',
    stopReason: 'SATISFIED',
    instruction: 'make it brighter',
    source: { id: made.source, width: 8, byteSize: 100 },
    editor: { id: testEditor, kinds: ['EDITOR'], isAvailable: false },
    thinker: { id: testThinker, kinds: ['THINKER'] },
    settings: {
      maxRounds: 2,
      firstRound: 'DIRECT',
      stop: { semanticAtLeast: 8, patience: null },
      editorParameters: {},
    },
    bestRound: { id: made.rounds[1], isBest: true },
    result: { id: made.image },
    error: null,
    priority: 3,
    batch: 'first',
    tags: ['a', 'b'],
    metadata: { row: 7 },
    run: 1,
    queuePosition: null,
    lastEventSeq: 9,
    editorSeconds: 3,
    thinkerTokens: 200,
  })
  expect(job.rounds).toHaveLength(2)
  expect(job.rounds[0]).toMatchObject({
    id: made.rounds[0],
    index: 1,
    candidate: 0,
    status: 'CRITIQUED',
    prompt: 'make it brighter',
    promptSource: 'INSTRUCTION',
    isSatisfied: false,
    isBest: false,
    critique: { id: made.critiques[0], by: testThinker, semantic: 5, quality: 6, overall: Math.sqrt(30) },
    critiques: [{ id: made.critiques[0] }],
  })
  expect(job.rounds[1]).toMatchObject({ promptSource: 'REFINED', prompt: job.rounds[0].critique.refinedPrompt })
  expect(new Date(job.finishedAt).toISOString()).toBe(job.finishedAt)
})

test('a page of jobs with everything below them takes one statement, as one job does', async () => {
  const reader = await createCaller(api.db, 'READ')
  const document = `query($first: Int) { jobs(first: $first) { edges { node { ...JobFields } } } } ${everyJobField}`
  for (let n = 0; n < 5; n++) await createFinishedJob(api.db, reader)
  api.takeStatements()
  await api.get(reader, document, { first: 1 })
  const ofOne = api.takeStatements().length
  const { jobs } = await api.get(reader, document, { first: 100 })
  expect(jobs.edges).toHaveLength(5)
  expect(api.takeStatements()).toHaveLength(ofOne)
  expect(ofOne).toBe(1)
})

test('every object is found again by its node id, and several at once in the order asked', async () => {
  const ids = [
    made.critiques[0],
    made.job,
    made.source,
    made.rounds[1],
    encodeGlobalId('Job', made.job),
    'nonsense',
    '',
  ]
  const { nodes } = await api.get(caller, 'query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids })
  expect(nodes).toEqual([
    { __typename: 'Critique', id: made.critiques[0] },
    { __typename: 'Job', id: made.job },
    { __typename: 'Image', id: made.source },
    { __typename: 'Round', id: made.rounds[1] },
    null,
    null,
    null,
  ])
  const { node } = await api.get(
    caller,
    'query($id: ID!) { node(id: $id) { ... on Critique { by round { id index job { id } } } } }',
    { id: made.critiques[1] },
  )
  expect(node).toEqual({ by: testThinker, round: { id: made.rounds[1], index: 2, job: { id: made.job } } })
})

test('more than a hundred nodes at once are refused with the limit', async () => {
  const ids = Array.from({ length: 101 }, () => made.job)
  const { data, errors } = await api.run(caller, 'query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
  expect(data).toBeNull()
  expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'ids', message: expect.stringContaining('100') }])
})

test('a text that is no id is not there, in every spelling', async () => {
  const uuid = Buffer.from(made.job, 'base64url').toString().split(':')[1] ?? ''
  const spellings = [
    '',
    'x',
    uuid,
    `Job:${uuid}`,
    `${made.job}=`,
    encodeGlobalId('Round', uuid),
    encodeGlobalId('Job', 'x'),
  ]
  for (const id of [...spellings, encodeGlobalId('Job', uuid.toUpperCase()), '\0', '💥'.repeat(1000)]) {
    expect(await api.get(caller, 'query($id: ID!) { job(id: $id) { id } image(id: $id) { id } }', { id })).toEqual({
      job: null,
      image: null,
    })
  }
})

test('image links carry the width and format, and refuse a width out of range with the limit', async () => {
  const document = 'query($id: ID!, $w: Int) { image(id: $id) { url(width: $w, format: WEBP) plain: url } }'
  const { image } = await api.get(caller, document, { id: made.source, w: 4 })
  expect(image.url).toMatch(/^http:\/\/localhost:4000\/images\/.*w=4&f=webp&e=\d+&s=/)
  expect(image.plain).not.toContain('w=')
  const refused = await api.run(caller, document, { id: made.source, w: 5000 })
  expect(refused.errors).toMatchObject([
    { code: 'INVALID_INPUT', field: 'width', message: expect.stringContaining('4096') },
  ])
})

test('more critiques than the limit are refused with the limit', async () => {
  const document = 'query($id: ID!) { job(id: $id) { rounds { critiques(first: 101) { id } } } }'
  const { errors } = await api.run(caller, document, { id: made.job })
  expect(errors).toMatchObject([
    { code: 'INVALID_INPUT', field: 'first', message: expect.stringContaining('1 to 100') },
  ])
})

test("the thinker's critique is found behind as many others as one list holds", async () => {
  const reader = await createCaller(api.db, 'READ')
  const { rounds, critiques } = await createFinishedJob(api.db, reader)
  const round = Buffer.from(rounds[0] ?? '', 'base64url')
    .toString()
    .split(':')[1]
  await api.db.query(
    `insert into critique (id, round_id, source, by, is_satisfied, created_at)
     select gen_random_uuid(), $1, 'HUMAN', 'someone', false, timestamptz '2020-01-01' + n * interval '1 second'
     from generate_series(1, 120) n`,
    [round],
  )
  const document = `query($id: ID!) {
    node(id: $id) { ... on Round { critique { id by round { id } } one: critiques(first: 1) { by } critiques(first: 100) { by } } }
  }`
  const { node } = await api.get(reader, document, { id: rounds[0] })
  expect(node.critique).toEqual({ id: critiques[0], by: testThinker, round: { id: rounds[0] } })
  expect(node.one).toEqual([{ by: 'someone' }])
  expect(node.critiques).toHaveLength(100)
})
