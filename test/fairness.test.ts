import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelJobs } from '../src/jobs/cancel-job.ts'
import { startJobs } from '../src/jobs/start-jobs.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { newJob } from './support/stage-driver.ts'
import { until } from './support/until.ts'
import { fakeEditorModel, fakeFleet, fakeThinkerModel, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const JOBS = 10_000
const CHUNK = 500
const SLOTS = 4

let setup: WorkerSetup
let editor: FakeEditor

beforeAll(async () => {
  setup = await openWorkers()
  editor = await startFakeEditor({ behavior: { does: 'answer', delayMs: 150 } })
  await setup.start(fakeFleet({ editors: [editor.url] }, { capacity: SLOTS }))
})

afterAll(async () => {
  await setup.close()
  await editor.close()
})

/** One edit a job, so that a stage and a job are the same. */
async function submit(tenantId: string, sourceId: string, count: number, priority: number): Promise<string[]> {
  const ids: string[] = []
  for (let done = 0; done < count; done += CHUNK) {
    const jobs = Array.from({ length: Math.min(CHUNK, count - done) }, () =>
      newJob(sourceId, { editor: fakeEditorModel, thinker: fakeThinkerModel, priority, loop: { critique: false } }),
    )
    const outcomes = await startJobs(setup.images.db, { tenantId }, jobs)
    for (const outcome of outcomes) {
      if (typeof outcome !== 'string') throw outcome
      ids.push(outcome)
    }
  }
  return ids
}

const hasStarted = async (jobId: string) => {
  const { rows } = await setup.images.db.query(
    'select 1 from attempt a join task t on t.id = a.task_id where t.job_id = $1',
    [jobId],
  )
  return rows.length > 0
}

/** How many stages of another tenant were claimed between the job's submission and its own start. */
async function countOvertaking(jobId: string): Promise<number> {
  const { rows } = await setup.images.db.query<{ others: number }>(
    `select count(*) as others from attempt a join task t on t.id = a.task_id, job mine,
       (select min(a.started_at) as at from attempt a join task t on t.id = a.task_id where t.job_id = $1) as start
     where mine.id = $1 and t.tenant_id <> mine.tenant_id
       and a.started_at > mine.created_at and a.started_at < start.at`,
    [jobId],
  )
  return rows[0]?.others ?? Number.NaN
}

test('one job behind 10,000 of another tenant starts within a stage a slot, also for one who canceled them all', {
  timeout: 180_000,
}, async () => {
  const { db } = setup.images
  const [a, b] = [await setup.createTenant(), await setup.createTenant()]
  const [pictureA, pictureB] = [await setup.createPicture(a), await setup.createPicture(b)]
  await submit(a, pictureA, JOBS, 100)
  await until('every slot works for A', () => editor.inFlight === SLOTS)

  const [single = ''] = await submit(b, pictureB, 1, 0)
  await until("B's job starts", () => hasStarted(single))
  expect(await countOvertaking(single)).toBeLessThanOrEqual(SLOTS)

  await submit(b, pictureB, CHUNK, 0)
  const canceled = await cancelJobs(db, { tenantId: a, filter: {} })
  expect(canceled).toBeGreaterThan(JOBS * 0.8)
  await until('every slot works for B', () => editor.inFlight === SLOTS)
  const [next = ''] = await submit(a, pictureA, 1, 0)
  await until("A's next job starts", () => hasStarted(next))
  expect(await countOvertaking(next)).toBeLessThanOrEqual(SLOTS)
  expect(editor.maxInFlight).toBeLessThanOrEqual(SLOTS)
})
