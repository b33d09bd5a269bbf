import { expect, it } from 'vitest'
import { readScoredTrajectories } from '../src/datasets/read-scored-trajectories.ts'
import { connectDb, type Db } from '../src/db.ts'
import { readSafePosition } from '../src/events/read-tenant-events.ts'
import { readCalibration } from '../src/feedback/calibration.ts'
import { createReviewQueue } from '../src/feedback/create-review-queue.ts'
import { selectRounds } from '../src/judging/judge-selection.ts'
import { countTrajectories, listTrajectories } from '../src/trajectories/list-trajectories.ts'
import { loadFinishedPage } from '../src/trajectories/load-finished-page.ts'
import { createTestDatabase } from './support/database.ts'
import { plainRecipe } from './support/dataset-house.ts'
import { playJob } from './support/play-job.ts'
import { silentLog } from './support/silent-log.ts'
import { seedModels, seedTenant } from './support/stage-driver.ts'

// Conditions that callers put together are without number; a connection keeps what has a name for as long as it lives.
it('no reader of a filter leaves its statement on the connection', async () => {
  const database = await createTestDatabase()
  await seedModels(database.db)
  const { tenantId, imageId } = await seedTenant(database.db)
  await playJob(database.db, { tenantId, imageId }, [[4, 4]])
  const db = connectDb({ url: database.url, maxConnections: 1, log: silentLog })
  try {
    await readAll(db, tenantId)
    const { rows } = await db.query(
      `select statement from pg_prepared_statements where statement like '%trajectory t%seconds%'`,
    )
    expect(rows).toEqual([])
  } finally {
    await db.close()
    await database.drop()
  }
})

async function readAll(db: Db, tenantId: string): Promise<void> {
  const filter = { not: { seconds: { lt: 0 } } }
  const { safe: asOf } = await readSafePosition(db)
  const question = { filter, against: 'HUMAN', by: null, groupBy: null, metadataKey: null } as const
  await readCalibration(db, tenantId, question)
  const queue = { name: 'q', kind: 'SCORE', filter, limit: 5, reviewsWanted: 1, order: 'OLDEST' } as const
  await createReviewQueue(db, { tenantId, by: 'ann' }, queue)
  const selection = { tenantId, filter, asOf, recipe: plainRecipe }
  let read = 0
  for await (const page of readScoredTrajectories(db, selection, new AbortController().signal)) read += page.length
  expect(read).toBe(1)
  const piece = { tenantId, startedAt: new Date(Date.now() + 60_000), after: null, limit: 10 }
  const { rounds } = await db.transaction(tx => selectRounds(tx, { filter, rounds: 'ALL' }, piece))
  expect(rounds).toHaveLength(1)
  expect(await countTrajectories(db, { tenantId, filter, asOf })).toBe(1)
  const order = { field: 'GAIN', direction: 'ASC' } as const
  expect(await listTrajectories(db, { tenantId, filter, asOf, order, after: null, limit: 5 })).toHaveLength(1)
  const finished = await loadFinishedPage(db, { tenantId, filter, after: null, first: 5 })
  expect(finished).toMatchObject({ items: [{}], endCursor: expect.any(String), hasNextPage: false })
}
