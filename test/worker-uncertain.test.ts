// The crash between a provider's answer and our commit, and what is left after it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { retryJob } from '../src/jobs/retry-job.ts'
import { dialectOf, type ProviderId } from '../workers/engines/providers/providers.ts'
import type { Fleet } from '../workers/fleet/fleet.ts'
import { type FakeProvider, fakeProviderKey, startFakeProvider } from './support/fake-provider.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const models: Record<ProviderId, string> = {
  bfl: 'flux-kontext-pro',
  replicate: 'black-forest-labs/flux-kontext-pro',
  fal: 'fal-ai/flux-pro/kontext',
}
let setup: WorkerSetup
beforeAll(async () => {
  setup = await openWorkers()
})
afterAll(() => setup.close())

function fleetOf(provider: ProviderId, server: FakeProvider): Fleet {
  const servedModel = models[provider]
  const dialect = dialectOf(provider, servedModel)
  const settings = { engine: 'async-job' as const, provider, servedModel, key: fakeProviderKey, dialect }
  return { models: fakeFleet({ editors: [server.url] }).models.map(model => ({ ...model, settings })) }
}

const plain = { thinker: null, loop: { critique: false, maxRounds: 1 } }

/** From now on the database refuses the provider's id: the answer came, and the commit did not. */
async function dropIds(): Promise<() => Promise<void>> {
  const { db } = setup.images
  await db.query(`create function drop_id() returns trigger language plpgsql as $$ begin raise 'dropped'; end $$`)
  await db.query(
    'create trigger drop_id before update on task for each row when (new.remote is not null and old.remote is null) execute function drop_id()',
  )
  return async () => void (await db.query('drop function drop_id cascade'))
}

test.each(['bfl', 'replicate', 'fal'] as const)(
  'a submit that %s answers by half is uncertain, and sent again only where the job says so',
  async provider => {
    const server = await startFakeProvider(provider)
    server.behaveNext('submit', { does: 'breakOff' }, { does: 'breakOff' })
    await setup.start(fleetOf(provider, server))
    const tenantId = await setup.createTenant()
    const careful = await setup.submit(tenantId, plain)
    const careless = await setup.submit(tenantId, { ...plain, loop: { ...plain.loop, resubmitUncertain: true } })
    expect(await setup.finished(careful)).toMatchObject({ status: 'FAILED', errorCode: 'SUBMISSION_UNCERTAIN' })
    expect(await setup.finished(careless)).toMatchObject({ status: 'SUCCEEDED' })
    expect(server.jobs).toHaveLength(3)
    await setup.stopWorkers()
    await server.close()
  },
)

describe('an edit at a provider', () => {
  let server: FakeProvider
  beforeAll(async () => {
    server = await startFakeProvider('fal')
  })
  afterAll(() => server.close())
  const submitsOf = (before: number) => server.seen('submit').length - before

  test('whose answer was not committed is uncertain and never sent again, but by a retry of its job', async () => {
    const before = server.seen('submit').length
    const restore = await dropIds()
    await setup.start(fleetOf('fal', server))
    const tenantId = await setup.createTenant()
    const jobId = await setup.submit(tenantId, plain)
    const end = await setup.finished(jobId)
    expect(end).toMatchObject({ status: 'FAILED', errorCode: 'SUBMISSION_UNCERTAIN' })
    expect(end.errorMessage).toContain('Retry the job to send it again')
    const { rows } = await setup.images.db.query('select state::text from task where job_id = $1', [jobId])
    expect(rows).toEqual([{ state: 'UNCERTAIN' }])
    expect(submitsOf(before)).toBe(1)
    await restore()
    await retryJob(setup.images.db, { tenantId, jobId })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(submitsOf(before)).toBe(2)
    await setup.stopWorkers()
  })

  test('of unknown fate is found so by the worker that claims it after a crash, and sent again only where its job says so', async () => {
    const { db } = setup.images
    const tenantId = await setup.createTenant()
    const before = server.seen('submit').length
    const careful = await setup.submit(tenantId, plain)
    const careless = await setup.submit(tenantId, { ...plain, loop: { ...plain.loop, resubmitUncertain: true } })
    // What a worker that was killed between the answer and the commit leaves behind.
    await db.query('update task set submitted_at = now() where job_id = any($1::uuid[])', [[careful, careless]])
    await setup.start(fleetOf('fal', server))
    expect(await setup.finished(careful)).toMatchObject({ status: 'FAILED', errorCode: 'SUBMISSION_UNCERTAIN' })
    expect(await setup.finished(careless)).toMatchObject({ status: 'SUCCEEDED' })
    expect(submitsOf(before)).toBe(1)
    await setup.stopWorkers()
  })

  test('that was accepted is gone on with by another worker, without a second submit', async () => {
    const before = server.seen('submit').length
    server.endWith('never')
    await setup.start(fleetOf('fal', server))
    const jobId = await setup.submit(await setup.createTenant(), plain)
    await until('its id is stored', async () => {
      const { rows } = await setup.images.db.query('select 1 from task where job_id = $1 and remote is not null', [
        jobId,
      ])
      return rows.length === 1
    })
    await setup.stopWorkers()
    for (const job of server.jobs) job.end = 'done'
    await setup.start(fleetOf('fal', server))
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(submitsOf(before)).toBe(1)
    expect(server.seen('cancel').filter(({ path }) => path.includes(server.jobs.at(-1)?.id ?? '-'))).toEqual([])
    await setup.stopWorkers()
  })
})
