import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let tenantId: string
let editors: [FakeEditor, FakeEditor]
let thinker: FakeThinker

beforeAll(async () => {
  setup = await openWorkers()
})
afterAll(() => setup.close())
beforeEach(async () => {
  tenantId = await setup.createTenant()
  editors = [await startFakeEditor(), await startFakeEditor()]
  thinker = await startFakeThinker({ say: () => '{"semantic": 9, "quality": 9}' })
})
afterEach(async () => {
  await setup.stopWorkers()
  await Promise.all([...editors, thinker].map(server => server.close()))
})

const endpointOf = async (url: string) => {
  const { rows } = await setup.images.db.query<{ health: string; failures: number; p95: number | null }>(
    'select health::text as health, failures, p95_seconds as p95 from endpoint where url = $1',
    [url],
  )
  return rows[0]
}

test('a job whose editor is gone is done by its fallback, and the next by the editor once it is back', {
  timeout: 60_000,
}, async () => {
  const [gone, spare] = editors
  const url = new URL(gone.url)
  await gone.close()
  const spareModel = fakeFleet({ editors: [spare.url] }, { model: 'spare-editor' })
  const own = fakeFleet({ editors: [gone.url], thinkers: [thinker.url] })
  await setup.start({ models: [...own.models, ...spareModel.models] })
  const loop = { fallbackEditors: ['spare-editor'] }
  const jobId = await setup.submit(tenantId, { loop })
  await until('operators see it', async () => (await endpointOf(gone.url))?.health === 'UNHEALTHY')
  expect(await setup.finished(jobId, 40_000)).toMatchObject({ status: 'SUCCEEDED' })
  const { rows } = await setup.images.db.query('select editor from round where job_id = $1', [jobId])
  expect(rows).toEqual([{ editor: 'spare-editor' }])

  const back = await startFakeEditor({ port: Number(url.port) })
  editors = [back, spare]
  await until('its endpoint is healthy again', async () => (await endpointOf(gone.url))?.health === 'HEALTHY', 20_000)
  expect(await setup.finished(await setup.submit(tenantId, { loop }))).toMatchObject({ status: 'SUCCEEDED' })
  expect([back.calls, spare.calls]).toEqual([1, 1])
})

test('an editor that hangs costs its job ten seconds, not its deadline in the fleet file', {
  timeout: 60_000,
}, async () => {
  const [good, bad] = editors
  const urls = editors.map(({ url }) => url)
  await setup.start(fakeFleet({ editors: urls, thinkers: [thinker.url] }, { capacity: 1, deadlineMs: 600_000 }))
  bad.behave({ does: 'hang' })
  const submit = () => setup.submit(tenantId)
  const jobs = await Promise.all(Array.from({ length: 30 }, submit))
  const startedAt = performance.now()
  for (const jobId of jobs) expect(await setup.finished(jobId, 40_000)).toMatchObject({ status: 'SUCCEEDED' })
  expect(performance.now() - startedAt).toBeGreaterThan(9_000)
  const { rows } = await setup.images.db.query<{ seconds: number; code: string }>(
    `select extract(epoch from a.ended_at - a.started_at)::float8 as seconds, a.error_code as code
     from attempt a join task t on t.id = a.task_id where t.tenant_id = $1 and a.outcome <> 'DONE'`,
    [tenantId],
  )
  expect(rows).toMatchObject([{ code: 'ENGINE_TIMED_OUT' }])
  expect(rows[0]?.seconds).toBeLessThan(15)
  await until('operators see how long a call takes', async () => (await endpointOf(good.url))?.p95 !== null)
  await until('and that one failed', async () => (await endpointOf(bad.url))?.failures === 1)
  expect((await endpointOf(bad.url))?.p95).toBeNull()
})
