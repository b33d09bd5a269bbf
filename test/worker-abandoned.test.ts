// Edits that a provider works on while no worker of ours holds them, and whose job is canceled.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { reapTasks } from '../src/jobs/reap-tasks.ts'
import { takeAbandoned } from '../src/queue/record-submission.ts'
import { dialectOf, type ProviderId } from '../workers/engines/providers/providers.ts'
import type { Fleet } from '../workers/fleet/fleet.ts'
import { type FakeProvider, fakeProviderKey, startFakeProvider } from './support/fake-provider.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const models = { replicate: 'black-forest-labs/flux-kontext-pro', fal: 'fal-ai/flux-pro/kontext' } as const
let setup: WorkerSetup
let tenantId: string
let server: FakeProvider
beforeAll(async () => {
  setup = await openWorkers()
  tenantId = await setup.createTenant()
})
afterAll(() => setup.close())

function fleetOf(provider: keyof typeof models & ProviderId): Fleet {
  const servedModel = models[provider]
  const dialect = dialectOf(provider, servedModel)
  const settings = { engine: 'async-job' as const, provider, servedModel, key: fakeProviderKey, dialect }
  return { models: fakeFleet({ editors: [server.url] }).models.map(model => ({ ...model, settings })) }
}

const tasksOf = async (jobId: string) => {
  const { rows } = await setup.images.db.query<{ id: string; state: string; remote: string | null }>(
    'select id, state::text as state, remote from task where job_id = $1',
    [jobId],
  )
  return rows
}

/** A job whose edit the provider works on and whose task waits for its next attempt, for an hour. */
async function submitDelayed(): Promise<string> {
  server.endWith('never')
  server.behaveNext('status', { does: 'refuse', status: 500 })
  const jobId = await setup.submit(tenantId, { thinker: null, loop: { critique: false, maxRounds: 1 } })
  await until('its edit waits', async () => {
    const { rowCount } = await setup.images.db.query(
      `update task set run_at = now() + interval '1 hour' where job_id = $1 and state = 'DELAYED' and remote is not null`,
      [jobId],
    )
    return rowCount === 1
  })
  return jobId
}

describe.each(['replicate', 'fal'] as const)('a canceled edit that waits while %s works on it', provider => {
  beforeEach(async () => {
    server = await startFakeProvider(provider)
    await setup.start(fleetOf(provider))
  })
  afterEach(async () => {
    await setup.stopWorkers()
    await server.close()
  })

  test('is stopped there, by one of the workers', async () => {
    await setup.start(fleetOf(provider))
    const jobId = await submitDelayed()
    await cancelJob(setup.images.db, { tenantId, jobId })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'CANCELED' })
    await until('the provider is told', () => server.jobs[0]?.isCanceled === true)
    await until('nobody is left to tell', async () => (await tasksOf(jobId))[0]?.remote === null)
    expect(server.seen('cancel')).toMatchObject([{ key: fakeProviderKey }])
  })

  test('is stopped there too where its worker was lost', async () => {
    const { db } = setup.images
    const jobId = await submitDelayed()
    await db.query(
      `update task set state = 'LEASED', owner = $2, lease_until = now() + interval '1 hour' where job_id = $1`,
      [jobId, tenantId],
    )
    await cancelJob(db, { tenantId, jobId })
    await db.query(`update task set lease_until = now() - interval '1 second' where job_id = $1`, [jobId])
    await reapTasks(db)
    await until('the provider is told', () => server.jobs[0]?.isCanceled === true)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'CANCELED' })
  })

  test('is left alone where it goes on', async () => {
    const jobId = await submitDelayed()
    const [task] = await tasksOf(jobId)
    expect(task && (await takeAbandoned(setup.images.db, task.id))).toBeNull()
    expect(await tasksOf(jobId)).toEqual([task])
  })
})
