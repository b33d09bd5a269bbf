import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReviewQueue } from '../src/feedback/create-review-queue.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { openQueue, playReviewable, sidesOf } from './support/feedback.ts'
import { playJob } from './support/play-job.ts'
import { seedModels, seedTenant } from './support/stage-driver.ts'

let database: TestDatabase
let tenantId: string
let jobs: string[]
let rounds: string[][]

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  const tenant = await seedTenant(database.db)
  tenantId = tenant.tenantId
  ;({ jobs, rounds } = await playReviewable(database.db, tenant))
})
afterAll(() => database.drop())

async function readAll(statement: string): Promise<unknown[]> {
  return (await database.db.query(statement)).rows
}

describe('a review queue', () => {
  it('has what can be reviewed of what matches, in the order asked', async () => {
    const jobsOf = async (queue: Parameters<typeof openQueue>[2]) =>
      (await sidesOf(database.db, await openQueue(database.db, tenantId, queue))).map(({ jobId }) => jobId)
    expect(await jobsOf({ kind: 'SCORE' })).toEqual(jobs)
    expect(await jobsOf({ kind: 'PICK' })).toEqual(jobs.slice(0, 2))
    expect(await jobsOf({ kind: 'SCORE', order: 'NEWEST', limit: 2 })).toEqual([jobs[2], jobs[1]])
    expect(await jobsOf({ kind: 'SCORE', filter: { batch: ['of 2'] } })).toEqual([jobs[1]])
    const shuffled = await jobsOf({ kind: 'SCORE', order: 'SHUFFLED' })
    expect([...shuffled].sort()).toEqual(jobs)
    expect(await jobsOf({ kind: 'SCORE', order: 'SHUFFLED' })).toEqual(shuffled)
  })

  it("pairs a job's best round with the first of the others, on sides that are the same in every queue", async () => {
    const sides = await sidesOf(database.db, await openQueue(database.db, tenantId, { kind: 'PAIR' }))
    expect(sides.map(({ a, b }) => [a, b].sort())).toEqual([
      [rounds[0]?.[0], rounds[0]?.[1]],
      [rounds[1]?.[0], rounds[1]?.[1]],
    ])
    expect(
      await sidesOf(database.db, await openQueue(database.db, tenantId, { kind: 'PAIR', order: 'NEWEST' })),
    ).toEqual(sides.toReversed())
  })

  it('puts the best round now on the one side, now on the other', async () => {
    const tenant = await seedTenant(database.db)
    for (let n = 0; n < 16; n++)
      await playJob(database.db, tenant, [
        [4, 4],
        [6, 6],
      ]) // all on one side: 1 in 32,768
    const sides = await sidesOf(database.db, await openQueue(database.db, tenant.tenantId, { kind: 'PAIR' }))
    expect(new Set(sides.map(({ a, b }) => a < b))).toEqual(new Set([true, false])) // the later id is the best one's
  })

  it('is refused, and nothing is stored, without an item or with the name of another', async () => {
    await openQueue(database.db, tenantId, { name: 'taken' })
    const before = await readAll('select count(*) from review_queue union all select count(*) from review_item')
    const make = (queue: Parameters<typeof openQueue>[2]) => openQueue(database.db, tenantId, queue)
    await expect(make({ name: 'taken' })).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'name' })
    await expect(make({ filter: { batch: ['of 1'] } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'filter',
    })
    expect(await readAll('select count(*) from review_queue union all select count(*) from review_item')).toEqual(
      before,
    )
    const other = await seedTenant(database.db)
    const queue = { name: 'mine', kind: 'SCORE', filter: {}, limit: 9, reviewsWanted: 1, order: 'OLDEST' } as const
    await expect(createReviewQueue(database.db, { ...other, by: 'key' }, queue)).rejects.toMatchObject({
      field: 'filter',
    })
  })
})
