import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDb, type Db } from '../src/db.ts'
import { addCritique } from '../src/jobs/add-critique.ts'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { recordVerdict } from '../src/jobs/record-verdict.ts'
import { type SeenJob, startStage } from '../src/jobs/start-stage.ts'
import type { ClaimedTask } from '../src/queue/task.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'
import { claim, newJob, seedImage, seedModels, seedTenant, startJob, testThinker } from './support/stage-driver.ts'

let database: TestDatabase
let pool: Db
let tenantId: string
let imageId: string
let transactions = 0
// The same database, with each transaction counted: a stage that ends in one statement opens none.
let db: Db

beforeAll(async () => {
  database = await createTestDatabase()
  pool = connectDb({ url: database.url, maxConnections: 12, log: silentLog })
  db = {
    ...pool,
    transaction: work => {
      transactions++
      return pool.transaction(work)
    },
  }
  await seedModels(pool)
  ;({ tenantId, imageId } = await seedTenant(pool))
})
afterAll(async () => {
  await pool.close()
  await database.drop()
})

type Begun = { task: ClaimedTask; seen: SeenJob }

async function begin(kind: 'edit' | 'think'): Promise<Begun> {
  const [task] = await claim(pool, kind)
  const input = task && (await startStage(pool, task))
  if (!task || !input) throw new Error(`There is no ${kind} task to start.`)
  return { task, seen: input.seen }
}

async function edit({ task, seen }: Begun, useSeen = true) {
  const picture = await seedImage(pool, tenantId)
  transactions = 0
  const result = { imageId: picture, editorSeconds: 1.5, endpointId: null }
  return await recordEdit(db, task, result, ...(useSeen ? [seen] : []))
}

async function judge({ task, seen }: Begun, score: number, useSeen = true) {
  transactions = 0
  const verdict = { semantic: score, quality: score, isSatisfied: null, refinedPrompt: 'more', reasoning: 'as seen' }
  const answer = { verdict, tokens: 10, by: testThinker, endpointId: null }
  return await recordVerdict(db, task, answer, ...(useSeen ? [seen] : []))
}

/** Everything of the job but ids, times and the pictures. */
async function storyOf(jobId: string) {
  const read = async (query: string) => (await pool.query<{ row: Record<string, unknown> }>(query, [jobId])).rows
  const kept = (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => !/(^|_)(id|at|xid|until|owner)$/.test(key)))
  const stories = await Promise.all([
    read('select to_jsonb(job) as row from job where id = $1'),
    read('select to_jsonb(round) as row from round where job_id = $1 order by index, candidate'),
    read(`select to_jsonb(c) as row from critique c join round r on r.id = c.round_id where r.job_id = $1
          order by r.index, r.candidate`),
    read('select to_jsonb(task) as row from task where job_id = $1 order by round_index, candidate, stage'),
    read(`select to_jsonb(a) as row from attempt a join task t on t.id = a.task_id where t.job_id = $1
          order by t.round_index, t.candidate, t.stage`),
    read('select to_jsonb(job_event) as row from job_event where job_id = $1 order by seq'),
  ])
  return stories.map(rows => rows.map(({ row }) => kept(row)))
}

describe('a stage whose job is as it was seen', () => {
  test('ends in one statement and leaves what the locked transaction leaves, to the last column', async () => {
    const stories = []
    for (const useSeen of [false, true]) {
      const jobId = await startJob(pool, tenantId, newJob(imageId, { loop: { seed: 7 } }))
      for (const score of [4, 9]) {
        expect(await edit(await begin('edit'), useSeen)).toEqual({ isFenced: false })
        expect(transactions).toBe(useSeen ? 0 : 1)
        expect(await judge(await begin('think'), score, useSeen)).toEqual({ isFenced: false })
        expect(transactions).toBe(useSeen ? 0 : 1)
      }
      stories.push(await storyOf(jobId))
    }
    expect(stories[0]?.[0]).toMatchObject([{ status: 'SUCCEEDED', stop_reason: 'SATISFIED', event_seq: 9 }])
    expect(stories[1]).toEqual(stories[0])
  })

  test('is written once however often it is recorded', async () => {
    const jobId = await startJob(pool, tenantId, newJob(imageId))
    const begun = await begin('edit')
    for (let n = 0; n < 3; n++) expect(await edit(begun)).toEqual({ isFenced: false })
    const thought = await begin('think')
    for (let n = 0; n < 3; n++) expect(await judge(thought, 4)).toEqual({ isFenced: false })
    expect((await storyOf(jobId)).map(rows => rows.length)).toEqual([1, 2, 1, 3, 2, 5])
    await cancelJob(pool, { tenantId, jobId })
  })

  test('is dropped whole where the lease was lost', async () => {
    const jobId = await startJob(pool, tenantId, newJob(imageId))
    const begun = await begin('edit')
    await pool.query('update task set owner = $2, token = token + 1 where id = $1', [begun.task.id, v7()])
    const before = await storyOf(jobId)
    expect(await edit(begun)).toEqual({ isFenced: true })
    expect(await storyOf(jobId)).toEqual(before)
    await pool.query(`update task set state = 'READY', owner = null where id = $1`, [begun.task.id])
    await cancelJob(pool, { tenantId, jobId })
  })
})

describe('a job that went on meanwhile', () => {
  test('is decided under its lock: best-of-8 that all answer at once goes on with one round, 30 times', async () => {
    for (let n = 0; n < 30; n++) {
      const jobId = await startJob(pool, tenantId, newJob(imageId, { loop: { candidates: 8, maxRounds: 2 } }))
      for (const kind of ['edit', 'think'] as const) {
        const begun = await Promise.all(Array.from({ length: 8 }, () => begin(kind)))
        const ends = begun.map((each, i) => (kind === 'edit' ? edit(each) : judge(each, 3 + (i % 4))))
        for (const end of await Promise.all(ends)) expect(end).toEqual({ isFenced: false })
      }
      const [job, rounds = [], critiques = [], , , events = []] = await storyOf(jobId)
      expect(critiques).toHaveLength(8)
      expect(rounds.map(round => round.index)).toEqual([...Array(8).fill(1), ...Array(8).fill(2)])
      expect(events.map(event => event.seq)).toEqual(events.map((_, i) => i + 1))
      expect(job).toMatchObject([{ event_seq: events.length, editor_seconds: 12, thinker_tokens: 80 }])
      await cancelJob(pool, { tenantId, jobId })
    }
  }, 120_000)

  test('counts what a person said of the round while the thinker thought', async () => {
    const jobId = await startJob(pool, tenantId, newJob(imageId))
    await edit(await begin('edit'))
    const begun = await begin('think')
    const scores = { semantic: 3, quality: 3, isSatisfied: null, reasoning: null, refinedPrompt: null }
    await addCritique(pool, { tenantId, keyName: 'test' }, { roundId: begun.task.roundId ?? '', ...scores })
    expect(await judge(begun, 9)).toEqual({ isFenced: false })
    expect(transactions).toBe(1)
    const [job, , critiques, , , events] = await storyOf(jobId)
    expect(job).toMatchObject([{ status: 'SUCCEEDED' }])
    expect(critiques).toHaveLength(2)
    expect(events?.map(event => event.type).slice(-3)).toEqual(['CRITIQUE_ADDED', 'ROUND_CRITIQUED', 'JOB_FINISHED'])
  })

  test.each(['edit', 'think'] as const)(
    'keeps the answer of its %s and plans nothing once it is canceled',
    async kind => {
      const jobId = await startJob(pool, tenantId, newJob(imageId))
      if (kind === 'think') await edit(await begin('edit'))
      const begun = await begin(kind)
      await cancelJob(pool, { tenantId, jobId })
      expect(await (kind === 'edit' ? edit(begun) : judge(begun, 4))).toEqual({ isFenced: false })
      const [job, rounds] = await storyOf(jobId)
      expect(job).toMatchObject([{ status: 'CANCELED' }])
      expect(rounds).toMatchObject([{ status: kind === 'edit' ? 'EDITED' : 'CRITIQUED' }])
    },
  )

  test('ends by its deadline though nothing was said of it', async () => {
    const jobId = await startJob(pool, tenantId, newJob(imageId))
    await edit(await begin('edit'))
    const begun = await begin('think')
    await pool.query(`update job set deadline_at = clock_timestamp() - interval '1 ms' where id = $1`, [jobId])
    expect(await judge(begun, 4)).toEqual({ isFenced: false })
    expect((await storyOf(jobId))[0]).toMatchObject([{ status: 'SUCCEEDED', stop_reason: 'DEADLINE' }])
  })

  test('is waited for while somebody holds its lock', async () => {
    const jobId = await startJob(pool, tenantId, newJob(imageId))
    const begun = await begin('edit')
    let isOver = false
    const ending = await pool.transaction(async tx => {
      await tx.query('select from job where id = $1 for no key update', [jobId])
      const end = edit(begun).finally(() => (isOver = true))
      await expect.poll(() => transactions).toBe(1)
      expect(isOver).toBe(false)
      return { end }
    })
    expect(await ending.end).toEqual({ isFenced: false })
    expect((await storyOf(jobId))[1]).toMatchObject([{ status: 'EDITED' }])
    await cancelJob(pool, { tenantId, jobId })
  })
})
