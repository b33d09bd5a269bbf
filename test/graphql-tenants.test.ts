// Each place of the schema that takes an id or a cursor, tried by its owner, for whom it is there, and by a stranger.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import type { IdCase } from './support/id-case.ts'
import { everyId, makeIdCases, type Owned } from './support/id-cases.ts'
import { createDatasets } from './support/id-cases-datasets.ts'
import { createExports } from './support/id-cases-exports.ts'
import { createFeedback } from './support/id-cases-feedback.ts'
import { createJudging } from './support/id-cases-judging.ts'
import { findIdPlaces } from './support/id-places.ts'
import { createCaller, createFinishedJob } from './support/seed.ts'
import { newJob, seedImage, seedModels, seedMoreModels, startJob } from './support/stage-driver.ts'

let api: TestApi
let owner: Caller
let owned: Owned
let cases: Record<string, IdCase>

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  await seedMoreModels(api.db)
  owner = await createCaller(api.db, 'ADMIN')
  owned = await prepare()
  cases = makeIdCases(api, () => owned)
})
afterAll(() => api.close())

/** What the owner has: made anew where a case used it up. */
async function prepare(): Promise<Owned> {
  await api.db.query(`delete from job where status in ('QUEUED', 'RUNNING')`)
  const made = await createFinishedJob(api.db, owner, { job: { batch: 'ours' } })
  const spare = encodeGlobalId('Image', await seedImage(api.db, owner.tenantId))
  const source = await seedImage(api.db, owner.tenantId)
  const queued = encodeGlobalId('Job', await startJob(api.db, owner.tenantId, newJob(source, { batch: 'ours' })))
  const lists = await api.get(
    owner,
    '{ jobs { edges { cursor } } trajectories { edges { cursor } } batch(label: "ours") { jobs { edges { cursor } } } events(first: 1) { events { cursor } } }',
  )
  const { createUpload } = await api.get(
    owner,
    'mutation { createUpload(input: { contentType: "image/png", byteSize: 9 }) { ... on CreateUploadSuccess { uploadId } } }',
  )
  const datasets = await createDatasets(api, owner)
  return {
    tenantId: owner.tenantId,
    made,
    feedback: await createFeedback(api.db, owner.tenantId, made),
    judging: await createJudging(api, owner, made),
    datasets,
    exports: await createExports(api, owner, datasets),
    queued,
    spare,
    key: encodeGlobalId('ApiKey', owner.keyId ?? ''),
    uploadId: createUpload.uploadId,
    jobCursor: lists.jobs.edges[0].cursor,
    trajectoryCursor: lists.trajectories.edges[0].cursor,
    batchCursor: lists.batch.jobs.edges[0].cursor,
    eventCursor: lists.events.events[0].cursor,
  }
}

test('every place of the schema that takes an id or a cursor is tried here', () => {
  expect(Object.keys(cases).sort()).toEqual(findIdPlaces())
})

/** Everything the owner has, to see whether a stranger changed it. */
async function snapshot(): Promise<unknown> {
  const { rows } = await api.db.query(
    `select (select json_agg(j order by id) from job j where tenant_id = $1) as jobs,
       (select json_agg(r order by r.id) from round r join job j on j.id = r.job_id where j.tenant_id = $1) as rounds,
       (select count(*) from critique c join round r on r.id = c.round_id join job j on j.id = r.job_id where j.tenant_id = $1) as critiques,
       (select json_agg(i order by id) from image i where tenant_id = $1) as images,
       (select json_agg(u order by id) from upload u where tenant_id = $1) as uploads,
       (select json_agg(k order by id) from api_key k where tenant_id = $1) as keys,
       (select json_agg(p order by id) from preference p where tenant_id = $1) as preferences,
       (select json_agg(json_build_array(q, i, r) order by q.id, r.id) from review_queue q left join review_item i on i.queue_id = q.id left join review r on r.item_id = i.id where tenant_id = $1) as reviews,
       (select json_agg(json_build_array(q, a) order by q.id, a.round_id) from judge_run q left join judge_answer a on a.run_id = q.id where tenant_id = $1) as judging,
       (select json_agg(json_build_array(d, v, s) order by d.id, v.number, s.position) from dataset d left join dataset_version v on v.dataset_id = d.id left join dataset_sample s on s.version_id = v.id where tenant_id = $1) as datasets,
       (select json_agg(json_build_array(x, f) order by x.id, f.position) from export x left join export_file f on f.export_id = x.id where tenant_id = $1) as exports`,
    [owner.tenantId],
  )
  return rows[0]
}

test.each(findIdPlaces())("another tenant's object is not there for %s", async name => {
  const found = cases[name]
  const stranger = await createCaller(api.db, 'ADMIN')
  await startJob(api.db, stranger.tenantId, newJob(await seedImage(api.db, stranger.tenantId), { batch: 'ours' }))
  const before = await snapshot()
  expect(await found?.ask(stranger)).toMatchObject(found?.absent ?? {})
  expect(await snapshot()).toEqual(before)
  expect(await found?.ask(owner)).toMatchObject(found?.there ?? {})
  if (name.startsWith('Mutation.')) owned = await prepare()
})

test("an operator of another tenant reaches this tenant's keys and nothing else", async () => {
  const operator = await createCaller(api.db, 'OPERATOR')
  const { nodes } = await api.get(operator, 'query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }', {
    ids: everyId(owned),
  })
  expect(nodes).toEqual([
    ...everyId(owned)
      .slice(1)
      .map(() => null),
    { __typename: 'ApiKey' },
  ])
  const document = `{ jobs { edges { node { id } } } batch(label: "ours") { total } events { events { cursor } } viewer { storedBytes } }`
  expect(await api.get(operator, document)).toEqual({
    jobs: { edges: [] },
    batch: null,
    events: { events: [] },
    viewer: { storedBytes: 0 },
  })
})
