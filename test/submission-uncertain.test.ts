import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failStage, releaseStage } from '../src/jobs/fail-stage.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { startStage } from '../src/jobs/start-stage.ts'
import { forgetSubmission, LeaseLostError, recordIntent, recordRemote } from '../src/queue/record-submission.ts'
import { SubmissionUncertainError } from '../workers/task-submission.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { claim, newJob, seedModels, seedTenant, startJob, takeOne } from './support/stage-driver.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
})
afterAll(() => database.drop())

async function submitOne(loop: { resubmitUncertain?: boolean } = {}) {
  const { tenantId, imageId } = await seedTenant(database.db)
  const jobId = await startJob(database.db, tenantId, newJob(imageId, { loop: { maxRounds: 1, ...loop } }))
  return { tenantId, jobId }
}

async function read<Row extends object>(text: string, id: string): Promise<Row[]> {
  const { rows } = await database.db.query<Row>(text, [id])
  return rows
}

const uncertain = () => ({
  kind: 'uncertain' as const,
  code: 'SUBMISSION_UNCERTAIN',
  message: new SubmissionUncertainError().message,
  retryAfterMs: null,
  endpointId: null,
})

describe('what a task knows of its submission', () => {
  test('outlives the claim that wrote it', async () => {
    const { db } = database
    await submitOne()
    const task = await takeOne(db, 'edit')
    expect(task).toMatchObject({ isSubmitted: false, remote: null })
    await recordIntent(db, task)
    await releaseStage(db, task)
    const again = await takeOne(db, 'edit')
    expect(again).toMatchObject({ id: task.id, isSubmitted: true, remote: null })
    await recordRemote(db, again, '{"id":"p-1"}')
    await releaseStage(db, again)
    const third = await takeOne(db, 'edit')
    expect(third).toMatchObject({ isSubmitted: true, remote: '{"id":"p-1"}' })
    await forgetSubmission(db, third)
    await releaseStage(db, third)
    const last = await takeOne(db, 'edit')
    expect(last).toMatchObject({ isSubmitted: false, remote: null })
    await failStage(db, last, uncertain())
  })

  test('is written by nobody but the holder of its lease', async () => {
    const { db } = database
    await submitOne()
    const task = await takeOne(db, 'edit')
    const stale = { ...task, token: task.token - 1 }
    const foreign = { ...task, workerId: v7() }
    for (const claim of [stale, foreign]) {
      await expect(recordIntent(db, claim)).rejects.toThrow(LeaseLostError)
      await expect(recordRemote(db, claim, '{}')).rejects.toThrow(LeaseLostError)
    }
    await failStage(db, task, uncertain())
    await expect(recordRemote(db, task, '{}')).rejects.toThrow(LeaseLostError)
    const rows = await read('select submitted_at, remote from task where id = $1', task.id)
    expect(rows).toEqual([{ submitted_at: null, remote: null }])
  })

  test.each([true, false])('comes with the wish of its job to submit again (%s)', async resubmitUncertain => {
    const { db } = database
    await submitOne({ resubmitUncertain })
    const [task] = await claim(db, 'edit')
    if (!task) throw new Error('There is no task.')
    expect(await startStage(db, task)).toMatchObject({ resubmitUncertain })
    await failStage(db, task, uncertain())
  })
})

test('an uncertain task ends its round and job with a code and a sentence, and a retry is a new task', async () => {
  const { db } = database
  const { tenantId, jobId } = await submitOne()
  const task = await takeOne(db, 'edit')
  await recordIntent(db, task)
  await failStage(db, task, uncertain())
  expect(
    await read('select state::text as state, ended_at is not null as ended from task where id = $1', task.id),
  ).toEqual([{ state: 'UNCERTAIN', ended: true }])
  const failed = { status: 'FAILED', error_code: 'SUBMISSION_UNCERTAIN', error_is_retryable: true }
  const columns = 'status::text as status, error_code, error_is_retryable'
  expect(await read(`select ${columns} from round where job_id = $1`, jobId)).toEqual([failed])
  expect(await read(`select ${columns} from job where id = $1`, jobId)).toEqual([failed])
  expect(await claim(db, 'edit')).toEqual([])

  await retryJob(db, { tenantId, jobId })
  const next = await takeOne(db, 'edit')
  expect(next).toMatchObject({ jobId, run: 2, isSubmitted: false, remote: null })
  expect(next.id).not.toBe(task.id)
  await failStage(db, next, uncertain())
})
