import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { catalog } from '../src/catalog.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller, createFinishedJob, type Trajectory } from './support/seed.ts'
import { newJob, seedImage, seedModels, startJob, testEditor, testThinker } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
let operator: Caller
let made: Trajectory

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'READ')
  operator = await createCaller(api.db, 'OPERATOR')
  made = await createFinishedJob(api.db, caller, { job: { batch: 'first' } })
})
afterAll(() => api.close())

test('a waiting job has a place in its queue, a finished one none', async () => {
  const reader = await createCaller(api.db, 'READ')
  const source = await seedImage(api.db, reader.tenantId)
  const waiting = [newJob(source, { priority: 5 }), newJob(source), newJob(source)]
  const ids: string[] = []
  for (const job of waiting) ids.push(encodeGlobalId('Job', await startJob(api.db, reader.tenantId, job)))
  const { jobs } = await api.get(reader, '{ jobs { edges { node { id status queuePosition } } } }')
  expect(jobs.edges.map((edge: { node: object }) => edge.node)).toEqual(
    [2, 1, 0].map(n => ({ id: ids[n], status: 'QUEUED', queuePosition: n + 1 })),
  )
  await api.db.query('delete from job where tenant_id = $1', [reader.tenantId])
})

test('models are those ever registered in their order, then the catalogue', async () => {
  const { models } = await api.get(
    caller,
    '{ models { id name license kinds isAvailable capacity queued inFlight parameters { name default min max } } }',
  )
  const ids = models.map((model: { id: string }) => model.id)
  expect(ids).toEqual([testEditor, testThinker, ...catalog.keys()])
  expect(models[0]).toMatchObject({ name: testEditor, license: null })
  expect(models[2]).toMatchObject({ kinds: ['EDITOR'], isAvailable: false, parameters: [{ name: 'variation' }] })
  const flux = models.find((model: { id: string }) => model.id === 'flux-kontext-dev')
  expect(flux).toMatchObject({
    name: 'FLUX.1 Kontext [dev]',
    license: expect.stringContaining('non-commercial'),
    capacity: 0,
    parameters: [
      { name: 'num_inference_steps', default: 28, min: 1, max: 100 },
      { name: 'guidance_scale', default: 2.5, min: 0, max: 7.5 },
    ],
  })
  const thinkers = await api.get(caller, '{ models(kind: THINKER) { id } }')
  const known = [...catalog.values()].filter(model => model.kinds.includes('THINKER'))
  expect(thinkers.models).toEqual([{ id: testThinker }, ...known.map(({ id }) => ({ id }))])
})

test('the fleet is seen by all, its hosts and URLs by operators alone', async () => {
  await api.db.query(`insert into model (id, kinds, position) values ('served', '{EDITOR}', 9)`)
  await api.db.query(`
    with w as (insert into worker (id, host, version, slots) values (gen_random_uuid(), 'gpu-1', '1.0.0', 4) returning id)
    insert into endpoint (id, model_id, engine, url, capacity, health, worker_id, lease_until)
    select gen_random_uuid(), 'served', 'openai-images', 'http://gpu-1:8000', 3, 'HEALTHY', id, now() + interval '1 hour'
    from w`)
  const document = `{
    endpoints { model { id isAvailable capacity } engine url health capacity inFlight medianSeconds failures worker { id } }
    workers { id host version slots inFlight isDraining }
  }`
  const seen = await api.get(caller, document)
  expect(seen.endpoints).toMatchObject([
    { model: { id: 'served', isAvailable: true, capacity: 3 }, url: null, worker: { id: seen.workers[0].id } },
  ])
  expect(seen.workers).toMatchObject([{ host: null, slots: 4, inFlight: 0 }])
  const all = await api.get(operator, document)
  expect(all.endpoints[0].url).toBe('http://gpu-1:8000')
  expect(all.workers[0].host).toBe('gpu-1')
  await api.db.query(`delete from model where id = 'served'`)
})

test('a viewer sees the tenant, the role, what it uses and its quotas', async () => {
  const viewer = await createCaller(api.db, 'WRITE')
  await api.db.query(`update tenant set quotas = '{"maxJobsPerDay": 9}' where id = $1`, [viewer.tenantId])
  const source = await seedImage(api.db, viewer.tenantId)
  await startJob(api.db, viewer.tenantId, newJob(source))
  const seen = await api.get(viewer, '{ viewer { tenant role keyName queuedJobs runningJobs storedBytes quotas } }')
  expect(seen.viewer).toEqual({
    tenant: viewer.tenant,
    role: 'WRITE',
    keyName: 'write key',
    queuedJobs: 1,
    runningJobs: 0,
    storedBytes: 100,
    quotas: { maxUnfinishedJobs: null, maxJobsPerDay: 9, maxStoredBytes: null },
  })
  await api.db.query('delete from job where tenant_id = $1', [viewer.tenantId])
})

test('a batch counts its jobs by status and lists them', async () => {
  const document = `query($label: String!) {
    batch(label: $label) { label total queued running succeeded failed canceled jobs(first: 5) { edges { node { id } } } }
  }`
  const { batch } = await api.get(caller, document, { label: 'first' })
  const counts = { total: 1, queued: 0, running: 0, succeeded: 1, failed: 0, canceled: 0 }
  expect(batch).toEqual({ label: 'first', ...counts, jobs: { edges: [{ node: { id: made.job } }] } })
  expect(await api.get(caller, document, { label: 'none' })).toEqual({ batch: null })
  expect(await api.get(caller, document, { label: 'nul\0' })).toEqual({ batch: null })
  expect(await api.get(operator, document, { label: 'first' })).toEqual({ batch: null })
})
