import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectDb, type Db } from '../src/db.ts'
import { JobFinishedError } from '../src/errors.ts'
import { cancelJob, cancelJobs } from '../src/jobs/cancel-job.ts'
import { releaseStage } from '../src/jobs/fail-stage.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { recordVerdict } from '../src/jobs/record-verdict.ts'
import { startJobs } from '../src/jobs/start-jobs.ts'
import type { ClaimedTask } from '../src/queue/task.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'
import {
  claim,
  newJob,
  seedModels,
  seedTenant,
  startJob,
  takeOne,
  testThinker,
  verdict,
} from './support/stage-driver.ts'

let database: TestDatabase
let db: Db
let tenantId: string
let imageId: string

beforeAll(async () => {
  database = await createTestDatabase()
  // As many connections as rivals, so that they really meet.
  db = connectDb({ url: database.url, maxConnections: 12, log: silentLog })
  await seedModels(db)
  ;({ tenantId, imageId } = await seedTenant(db))
})
afterAll(async () => {
  await db.close()
  await database.drop()
})

async function judge(task: ClaimedTask, score: number) {
  const answer = { verdict: verdict(score, score), tokens: 1, by: testThinker, endpointId: null }
  return await recordVerdict(db, task, answer)
}

async function countEvents(jobId: string): Promise<Record<string, number>> {
  const { rows } = await db.query<{ type: string; seq: number }>(
    'select type, seq from job_event where job_id = $1 order by seq',
    [jobId],
  )
  expect(rows.map(row => row.seq)).toEqual(rows.map((_, i) => i + 1))
  const counts: Record<string, number> = {}
  for (const { type } of rows) counts[type] = (counts[type] ?? 0) + 1
  return counts
}

test('best-of-8 whose critiques all complete at one barrier is decided once a round, 200 times', async () => {
  for (let n = 0; n < 200; n++) {
    const jobId = await startJob(db, tenantId, newJob(imageId, { loop: { candidates: 8, maxRounds: 2 } }))
    const edits = await claim(db, 'edit', { limit: 8 })
    await Promise.all(edits.map(task => recordEdit(db, task, { imageId, editorSeconds: 1, endpointId: null })))
    const thinks = await claim(db, 'think', { limit: 8 })
    expect(thinks).toHaveLength(8)
    const answers = await Promise.all(thinks.map((task, i) => judge(task, 3 + (i % 4))))
    expect(answers.every(answer => !answer.isFenced)).toBe(true)
    const { rows } = await db.query<{ index: number; rounds: number; prompts: number }>(
      'select index, count(*) as rounds, count(distinct prompt) as prompts from round where job_id = $1 group by index order by index',
      [jobId],
    )
    expect(rows).toEqual([
      { index: 1, rounds: 8, prompts: 1 },
      { index: 2, rounds: 8, prompts: 1 },
    ])
    expect((await countEvents(jobId)).ROUND_CRITIQUED).toBe(8)
    await cancelJob(db, { tenantId, jobId })
  }
}, 600_000)

test('batches that give the same keys in opposite order start each job once and do not deadlock', async () => {
  for (let n = 0; n < 10; n++) {
    const items = Array.from({ length: 200 }, (_, i) => newJob(imageId, { idempotencyKey: `${n} ${i}` }))
    const [forth, back] = await Promise.all([
      startJobs(db, { tenantId }, items),
      startJobs(db, { tenantId }, items.toReversed()),
    ])
    expect(back?.toReversed()).toEqual(forth)
    expect(new Set(forth).size).toBe(200)
    await cancelJobs(db, { tenantId, filter: {} })
  }
}, 60_000)

test('cancel against complete ends a job exactly once and never deadlocks, 1,000 times', async () => {
  const ends: Record<string, number> = {}
  for (let n = 0; n < 1_000; n++) {
    const jobId = await startJob(db, tenantId, newJob(imageId))
    await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1, endpointId: null })
    const task = await takeOne(db, 'think', v7())
    const cancel = () =>
      cancelJob(db, { tenantId, jobId }).catch((error: unknown) => {
        if (!(error instanceof JobFinishedError)) throw error
      })
    // Either may come first; the third call is the worker giving up on the abort.
    const rivals = [cancel, () => judge(task, 9), () => releaseStage(db, task)]
    await Promise.all(n % 2 === 0 ? rivals.map(run => run()) : rivals.reverse().map(run => run()))
    const { rows } = await db.query<{ status: string }>('select status from job where id = $1', [jobId])
    let status = rows[0]?.status ?? ''
    if (status === 'QUEUED' || status === 'RUNNING') {
      // The task was given back before the cancel came: the cancel ended it at once, or nobody has yet.
      await cancel()
      status = 'GIVEN_BACK'
    }
    ends[status] = (ends[status] ?? 0) + 1
    expect((await countEvents(jobId)).JOB_FINISHED).toBe(1)
  }
  expect(Object.values(ends).reduce((sum, count) => sum + count, 0)).toBe(1_000)
  expect(ends.CANCELED ?? 0).toBeGreaterThan(0)
  expect(ends.SUCCEEDED ?? 0).toBeGreaterThan(0)
  const { rows } = await db.query(`select id from task where state = 'LEASED'`)
  expect(rows).toEqual([])
}, 600_000)
