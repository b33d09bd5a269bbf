import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addCritique, recordFeedback } from '../src/jobs/add-critique.ts'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { lockJob } from '../src/jobs/job-row.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { playJob } from './support/play-job.ts'
import {
  newJob,
  seedImage,
  seedModels,
  seedTenant,
  startJob,
  takeOne,
  testEditor,
  testThinker,
} from './support/stage-driver.ts'

let database: TestDatabase
let tenant: { tenantId: string; imageId: string }

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  tenant = await seedTenant(database.db)
})
afterAll(() => database.drop())

async function trajectoryOf(jobId: string) {
  const { rows } = await database.db.query<Record<string, unknown>>('select * from trajectory where job_id = $1', [
    jobId,
  ])
  expect(rows.length).toBeLessThanOrEqual(1)
  return rows[0]
}

async function roundsOf(jobId: string): Promise<string[]> {
  const { rows } = await database.db.query<{ id: string }>('select id from round where job_id = $1 order by index', [
    jobId,
  ])
  return rows.map(({ id }) => id)
}

describe('the trajectory of a job', () => {
  it('holds the numbers of its rounds, from the moment it ends', async () => {
    const about = { tags: ['sky'], metadata: { task: 'style' }, batch: 'b1' }
    const jobId = await playJob(
      database.db,
      tenant,
      [
        [4, 4],
        [9, 4],
        [1, 9],
      ],
      about,
    )
    const { rows } = await database.db.query<Record<string, unknown>>(
      `select e.epoch, e.xid::text, e.seq from job_event e where job_id = $1 and type = 'JOB_FINISHED'`,
      [jobId],
    )
    const { steps, variance, seconds, ...trajectory } = (await trajectoryOf(jobId)) ?? {}
    expect(trajectory).toMatchObject({
      ...{ tenant_id: tenant.tenantId, ...rows[0], kind: 'EDIT', status: 'SUCCEEDED', stop_reason: 'MAX_ROUNDS' },
      ...{ editor: testEditor, thinker: testThinker, tags: ['sky'], metadata: { task: 'style' }, batch: 'b1' },
      ...{ rounds: 3, first_overall: 4, best_overall: 6, last_overall: 3, gain: 2, best_index: 2 },
      ...{ editor_seconds: 4.5, thinker_tokens: 30, has_human_critique: false, agreement: null },
      source_sha256: tenant.tenantId.replaceAll('-', '').repeat(2),
    })
    expect(variance).toBeCloseTo(14 / 9, 10) // of 4, 6, 3 about their mean 13/3
    expect(seconds).toBeGreaterThan(0)
    expect(steps).toEqual([
      [1, 0, true, true, 4, 4, null, 2, 1.5, 10],
      [2, 0, true, true, 9, 4, null, 2, 1.5, 10],
      [3, 0, true, true, 1, 9, null, 2, 1.5, 10],
    ])
  })

  it('is not there before the end, and is when a job is canceled or failed', async () => {
    const jobId = await startJob(database.db, tenant.tenantId, newJob(tenant.imageId))
    expect(await trajectoryOf(jobId)).toBeUndefined()
    await cancelJob(database.db, { tenantId: tenant.tenantId, jobId })
    expect(await trajectoryOf(jobId)).toMatchObject({
      ...{
        status: 'CANCELED',
        stop_reason: 'CANCELED',
        rounds: 0,
        steps: [[1, 0, false, false, null, null, null, null, null, null]],
      },
      ...{ first_overall: null, best_overall: null, gain: null, variance: null, best_index: null, seconds: 0 },
    })
  })

  it('takes the better candidate of an index', async () => {
    const jobId = await startJob(
      database.db,
      tenant.tenantId,
      newJob(tenant.imageId, { loop: { candidates: 2, maxRounds: 1, critique: false } }),
    )
    for (const _ of [1, 2]) {
      const imageId = await seedImage(database.db, tenant.tenantId)
      await recordEdit(database.db, await takeOne(database.db, 'edit'), { imageId, editorSeconds: 1, endpointId: null })
    }
    expect(await trajectoryOf(jobId)).toMatchObject({ rounds: 1, best_overall: null, stop_reason: 'MAX_ROUNDS' })
  })

  it('goes when a failed job is retried and comes again with its end', async () => {
    const jobId = await startJob(database.db, tenant.tenantId, newJob(tenant.imageId, { loop: { maxRounds: 1 } }))
    const failure = {
      kind: 'rejected',
      code: 'BAD_INPUT',
      message: 'It cannot.',
      retryAfterMs: null,
      endpointId: null,
    } as const
    await failStage(database.db, await takeOne(database.db, 'edit'), failure)
    expect(await trajectoryOf(jobId)).toMatchObject({ status: 'FAILED', rounds: 0 })
    await retryJob(database.db, { tenantId: tenant.tenantId, jobId })
    expect(await trajectoryOf(jobId)).toBeUndefined()
    await failStage(database.db, await takeOne(database.db, 'edit'), failure)
    const { rows } = await database.db.query<{ event_seq: number }>('select event_seq from job where id = $1', [jobId])
    expect(await trajectoryOf(jobId)).toMatchObject({ status: 'FAILED', seq: rows[0]?.event_seq })
  })

  it('knows what people said, and how far the critics agree', async () => {
    const jobId = await playJob(database.db, tenant, [
      [4, 4],
      [6, 6],
    ])
    const [roundId = '', later = ''] = await roundsOf(jobId)
    const nothing = { semantic: null, quality: null, isSatisfied: null, refinedPrompt: null, reasoning: null }
    const author = { tenantId: tenant.tenantId, keyName: 'ann' }
    await addCritique(database.db, author, { ...nothing, roundId, reasoning: 'dull' })
    expect(await trajectoryOf(jobId)).toMatchObject({ has_human_critique: true, agreement: null })
    await addCritique(database.db, author, { ...nothing, roundId, semantic: 2, quality: 2 })
    expect(await trajectoryOf(jobId)).toMatchObject({ agreement: 0.8, best_overall: 6 })
    await addCritique(database.db, author, { ...nothing, roundId: later, semantic: 6, quality: 6 })
    expect((await trajectoryOf(jobId))?.agreement).toBeCloseTo(0.9, 10)
  })

  it('looks at the critics once, however many critiques come at once', async () => {
    const jobId = await playJob(database.db, tenant, [[4, 4]])
    const [roundId = ''] = await roundsOf(jobId)
    const nothing = { roundId, isSatisfied: null, refinedPrompt: null, reasoning: null }
    const feedback = [2, 2, 5].map(score => ({ ...nothing, semantic: score, quality: score }))
    const updates = await database.db.transaction(async tx => {
      const count = async () => {
        const counted = `select pg_stat_get_xact_tuples_updated('trajectory'::regclass) as updates`
        return (await tx.query<{ updates: number }>(counted)).rows[0]?.updates ?? 0
      }
      await lockJob(tx, jobId, tenant.tenantId)
      const before = await count() // of transactions before it, too
      await recordFeedback(tx, jobId, 'ann', feedback)
      return (await count()) - before
    })
    expect(updates).toBe(1)
    expect((await trajectoryOf(jobId))?.agreement).toBeCloseTo(0.9, 10) // 4 by the thinker, 3 by ann
  })

  it('is deleted with its job', async () => {
    const jobId = await playJob(database.db, tenant, [[9, 9]])
    expect(await trajectoryOf(jobId)).toMatchObject({ stop_reason: 'SATISFIED', gain: 0, variance: 0 })
    await deleteJob(database.db, { tenantId: tenant.tenantId, jobId })
    expect(await trajectoryOf(jobId)).toBeUndefined()
  })
})
