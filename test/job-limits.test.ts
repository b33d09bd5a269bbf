import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Db } from '../src/db.ts'
import { cancelJobs } from '../src/jobs/cancel-job.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { forkRound } from '../src/jobs/fork-round.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { recordPolish } from '../src/jobs/record-polish.ts'
import { recordVerdict } from '../src/jobs/record-verdict.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { newJob, seedModels, seedTenant, startJob, takeOne, testThinker, verdict } from './support/stage-driver.ts'

let database: TestDatabase
let db: Db

beforeAll(async () => {
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
})
afterAll(() => database.drop())

async function secondsUntilRetry(jobId: string): Promise<number> {
  const { rows } = await db.query<{ seconds: number }>(
    `select extract(epoch from run_at - clock_timestamp())::float8 as seconds from task where job_id = $1 and state = 'DELAYED'`,
    [jobId],
  )
  return rows[0]?.seconds ?? Number.NaN
}

const busy = { kind: 'busy', code: 'ENGINE_BUSY', message: 'Busy.', endpointId: null } as const

test('a server that asks to be left alone for a year is asked again within half an hour', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  for (const retryAfterMs of [365 * 86_400_000, 1e300]) {
    const jobId = await startJob(db, tenantId, newJob(imageId))
    await failStage(db, await takeOne(db, 'edit'), { ...busy, retryAfterMs })
    expect(await secondsUntilRetry(jobId)).toBeGreaterThan(1_700)
    expect(await secondsUntilRetry(jobId)).toBeLessThanOrEqual(1_800)
    await cancelJobs(db, { tenantId, filter: {} })
  }
})

test('a server that is always busy is asked ever less often, so that no log fills up with it', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  const jobId = await startJob(db, tenantId, newJob(imageId))
  for (let n = 0; n < 7; n++) {
    await db.query(`update task set state = 'READY' where job_id = $1`, [jobId])
    await failStage(db, await takeOne(db, 'edit'), { ...busy, retryAfterMs: null })
  }
  expect(await secondsUntilRetry(jobId)).toBeGreaterThan(7)
  await cancelJobs(db, { tenantId, filter: {} })
})

test('a fork repeated by its key is found again although the quota is used up', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  const jobId = await startJob(db, tenantId, newJob(imageId))
  await db.query(`update tenant set quotas = '{"maxUnfinishedJobs": 2}' where id = $1`, [tenantId])
  const { rows } = await db.query<{ id: string }>('select id from round where job_id = $1', [jobId])
  const wish = { prompt: null, instruction: null, editor: null, thinker: null, settings: null, seed: null }
  const fork = (idempotencyKey: string) =>
    forkRound(db, { tenantId }, { ...wish, roundId: rows[0]?.id ?? '', idempotencyKey })
  const forkId = await fork('once')
  expect(await fork('once')).toBe(forkId)
  await expect(fork('twice')).rejects.toThrow('may have 2 unfinished jobs')
  await cancelJobs(db, { tenantId, filter: {} })
})

test('words of a thinker that Postgres cannot store do not fail the job', async () => {
  const { tenantId, imageId } = await seedTenant(db)
  const jobId = await startJob(db, tenantId, newJob(imageId, { loop: { firstRound: 'POLISH' } }))
  const answered = { tokens: 1, by: testThinker, endpointId: null }
  await recordPolish(db, await takeOne(db, 'think'), { ...answered, prompt: 'bright\0er \ud83d' })
  await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1, endpointId: null })
  const judged = { ...verdict(3, 3, 'much \0brighter \udc00'), reasoning: 'dark\0 \ud83d' }
  await recordVerdict(db, await takeOne(db, 'think'), { ...answered, verdict: judged })
  const { rows } = await db.query<{ prompt: string; reasoning: string | null }>(
    `select r.prompt, c.reasoning from round r left join critique c on c.round_id = r.id where r.job_id = $1 order by r.index`,
    [jobId],
  )
  expect(rows).toEqual([
    { prompt: 'brighter \ufffd', reasoning: 'dark \ufffd' },
    { prompt: 'much brighter \ufffd', reasoning: null },
  ])
  await cancelJobs(db, { tenantId, filter: {} })
})
