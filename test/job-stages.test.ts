import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { failStage, releaseStage } from '../src/jobs/fail-stage.ts'
import { forkRound } from '../src/jobs/fork-round.ts'
import { reapTasks } from '../src/jobs/reap-tasks.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { recordUnreadable, recordVerdict } from '../src/jobs/record-verdict.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { startStage } from '../src/jobs/start-stage.ts'
import type { ClaimedTask } from '../src/queue/task.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import {
  claim,
  newJob,
  seedImage,
  seedModels,
  seedTenant,
  startJob,
  takeOne,
  testThinker,
  verdict,
} from './support/stage-driver.ts'

let database: TestDatabase
let tenantId: string
let imageId: string

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  ;({ tenantId, imageId } = await seedTenant(database.db))
})
afterAll(() => database.drop())

async function edit(task: ClaimedTask): Promise<void> {
  const picture = await seedImage(database.db, tenantId)
  expect(await recordEdit(database.db, task, { imageId: picture, editorSeconds: 1.5, endpointId: null })).toEqual({
    isFenced: false,
  })
}

async function judge(task: ClaimedTask, semantic: number, quality: number, refined?: string): Promise<void> {
  const answer = { verdict: verdict(semantic, quality, refined), tokens: 10, by: testThinker, endpointId: null }
  expect(await recordVerdict(database.db, task, answer)).toEqual({ isFenced: false })
}

async function eventsOf(jobId: string): Promise<string[]> {
  const { rows } = await database.db.query<{ seq: number; type: string }>(
    'select seq, type from job_event where job_id = $1 order by seq',
    [jobId],
  )
  expect(rows.map(row => row.seq)).toEqual(rows.map((_, i) => i + 1))
  return rows.map(row => row.type)
}

async function jobOf(jobId: string) {
  const { rows } = await database.db.query<Record<string, unknown>>('select * from job where id = $1', [jobId])
  return rows[0]
}

async function roundsOf(jobId: string) {
  const { rows } = await database.db.query<Record<string, unknown>>(
    'select * from round where job_id = $1 order by index, candidate',
    [jobId],
  )
  return rows
}

test('a job goes from its first edit over a refined round to its best picture, one event a step', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  await edit(await takeOne(db, 'edit'))
  await judge(await takeOne(db, 'think'), 5, 6, 'make it much brighter')
  const second = await takeOne(db, 'edit')
  expect(second).toMatchObject({ roundIndex: 2, stage: 'EDIT', jobId })
  await edit(second)
  await judge(await takeOne(db, 'think'), 9, 9)
  expect(await eventsOf(jobId)).toEqual([
    'JOB_QUEUED',
    'JOB_STARTED',
    'ROUND_STARTED',
    'ROUND_EDITED',
    'ROUND_CRITIQUED',
    'ROUND_STARTED',
    'ROUND_EDITED',
    'ROUND_CRITIQUED',
    'JOB_FINISHED',
  ])
  const [first, last] = await roundsOf(jobId)
  expect(last).toMatchObject({ prompt: 'make it much brighter', prompt_source: 'REFINED', parent_id: first?.id })
  expect(await jobOf(jobId)).toMatchObject({
    status: 'SUCCEEDED',
    stop_reason: 'SATISFIED',
    best_round_id: last?.id,
    editor_seconds: 3,
    thinker_tokens: 20,
  })
})

test('a result that comes after the lease was taken over is refused and changes nothing', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  const [stale] = await claim(db, 'edit', { leaseMs: -1 })
  if (!stale) throw new Error('nothing claimed')
  await startStage(db, stale)
  expect(await reapTasks(db)).toEqual({ reclaimed: 1, dead: 0 })
  const fresh = await takeOne(db, 'edit')
  expect(fresh).toMatchObject({ id: stale.id, token: stale.token + 1, crashes: 1 })
  const late = await recordEdit(db, stale, { imageId, editorSeconds: 1, endpointId: null })
  expect(late).toEqual({ isFenced: true })
  expect((await roundsOf(jobId))[0]).toMatchObject({ status: 'PENDING', image_id: null })
  await edit(fresh)
  expect(await eventsOf(jobId)).toEqual([
    'JOB_QUEUED',
    'JOB_STARTED',
    'ROUND_STARTED',
    'STAGE_RETRYING',
    'ROUND_EDITED',
  ])
  await cancelJob(db, { tenantId, jobId })
})

test('the same completion delivered twice is recorded once', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  const task = await takeOne(db, 'edit')
  await edit(task)
  await edit(task)
  expect((await eventsOf(jobId)).filter(type => type === 'ROUND_EDITED')).toHaveLength(1)
  await cancelJob(db, { tenantId, jobId })
})

test('a canceled job keeps the picture of a call that was already back and plans nothing more', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  const task = await takeOne(db, 'edit')
  await cancelJob(db, { tenantId, jobId })
  expect(await jobOf(jobId)).toMatchObject({ status: 'RUNNING', stopping_for: 'CANCELED' })
  await edit(task)
  expect(await jobOf(jobId)).toMatchObject({ status: 'CANCELED', stop_reason: 'CANCELED' })
  expect((await eventsOf(jobId)).slice(-3)).toEqual(['JOB_CANCEL_REQUESTED', 'ROUND_EDITED', 'JOB_FINISHED'])
  const [round] = await roundsOf(jobId)
  expect((await jobOf(jobId))?.best_round_id).toBe(round?.id)
  expect(await claim(db, 'think')).toEqual([])
})

test('a canceled job whose call was aborted ends when the worker gives the task back', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  const task = await takeOne(db, 'edit')
  await cancelJob(db, { tenantId, jobId })
  await releaseStage(db, task)
  expect(await jobOf(jobId)).toMatchObject({ status: 'CANCELED', best_round_id: null })
  expect((await roundsOf(jobId))[0]).toMatchObject({ status: 'CANCELED' })
})

test('an editor that refuses fails the round and the job, and a retry goes on from there', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  const refusal = { code: 'REFUSED_BY_EDITOR', message: 'The editor refused.', retryAfterMs: null, endpointId: null }
  await failStage(db, await takeOne(db, 'edit'), { kind: 'rejected', ...refusal })
  expect(await jobOf(jobId)).toMatchObject({
    status: 'FAILED',
    error_code: 'REFUSED_BY_EDITOR',
    error_is_retryable: false,
  })
  await retryJob(db, { tenantId, jobId })
  expect(await jobOf(jobId)).toMatchObject({ status: 'QUEUED', run: 2, error_code: null })
  await edit(await takeOne(db, 'edit'))
  await judge(await takeOne(db, 'think'), 9, 9)
  expect(await jobOf(jobId)).toMatchObject({ status: 'SUCCEEDED' })
  expect((await eventsOf(jobId)).filter(type => type === 'JOB_FINISHED')).toHaveLength(2)
})

test('a critic that fails five times fails the round, and a retry asks it again without a new edit', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  await edit(await takeOne(db, 'edit'))
  for (let n = 0; n < 5; n++) {
    await db.query(`update task set state = 'READY' where job_id = $1 and state = 'DELAYED'`, [jobId])
    const failure = { code: 'ENGINE_UNREACHABLE', message: 'No answer.', retryAfterMs: null, endpointId: null }
    await failStage(db, await takeOne(db, 'think'), { kind: 'failed', ...failure })
  }
  expect(await jobOf(jobId)).toMatchObject({ status: 'FAILED', error_code: 'ENGINE_UNREACHABLE' })
  await retryJob(db, { tenantId, jobId })
  expect(await claim(db, 'edit')).toEqual([])
  await judge(await takeOne(db, 'think'), 9, 9)
  expect(await jobOf(jobId)).toMatchObject({ status: 'SUCCEEDED', stop_reason: 'SATISFIED' })
})

test('an unreadable verdict is asked three times, never satisfies, and the next round has another seed', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  await edit(await takeOne(db, 'edit'))
  for (let ask = 1; ask <= 3; ask++) {
    const task = await takeOne(db, 'think')
    expect(task.call).toBe(ask)
    await recordUnreadable(db, task, { message: 'No answer tag.', tokens: 1, by: testThinker, endpointId: null })
  }
  const [first, second] = await roundsOf(jobId)
  expect(first).toMatchObject({ status: 'CRITIQUED', is_satisfied: null })
  expect(second).toMatchObject({ prompt: first?.prompt, status: 'PENDING' })
  expect(second?.seed).not.toBe(first?.seed)
  await cancelJob(db, { tenantId, jobId })
})

test('candidates of one round are decided once, when the last of them is judged', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId, { loop: { candidates: 3 } }))
  for (let n = 0; n < 3; n++) await edit(await takeOne(db, 'edit'))
  const tasks = await claim(db, 'think', { limit: 3 })
  await Promise.all(tasks.map((task, n) => judge(task, 3 + n, 5, `better ${task.candidate}`)))
  const rounds = await roundsOf(jobId)
  expect(rounds.map(round => [round.index, round.candidate])).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
    [2, 0],
    [2, 1],
    [2, 2],
  ])
  const best = tasks[2]
  expect(new Set(rounds.slice(3).map(round => round.prompt))).toEqual(new Set([`better ${best?.candidate}`]))
  await cancelJob(db, { tenantId, jobId })
})

test('a fork starts a new job from a stored round and tells its parent', async () => {
  const { db } = database
  const jobId = await startJob(db, tenantId, newJob(imageId))
  await edit(await takeOne(db, 'edit'))
  await judge(await takeOne(db, 'think'), 9, 9)
  const [round] = await roundsOf(jobId)
  const fork = { roundId: String(round?.id), prompt: 'make it darker', instruction: null, editor: null, thinker: null }
  const forkId = await forkRound(db, { tenantId }, { ...fork, settings: null, seed: 7, idempotencyKey: 'once' })
  expect(await forkRound(db, { tenantId }, { ...fork, settings: null, seed: 7, idempotencyKey: 'once' })).toBe(forkId)
  expect((await roundsOf(forkId))[0]).toMatchObject({
    parent_id: round?.id,
    prompt: 'make it darker',
    seed: 7,
    prompt_source: 'USER',
  })
  expect((await eventsOf(jobId)).filter(type => type === 'JOB_FORKED')).toHaveLength(1)
  await expect(
    forkRound(db, { tenantId: v7() }, { ...fork, settings: null, seed: 7, idempotencyKey: null }),
  ).rejects.toThrow('There is no such round.')
  await cancelJob(db, { tenantId, jobId: forkId })
})
