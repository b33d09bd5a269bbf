import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEndpoints } from '../src/fleet/acquire-endpoints.ts'
import { registerWorker } from '../src/fleet/register-worker.ts'
import { decideClosing, makeClosingRule } from '../workers/closing-rule.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'
import { newJob, seedModels, seedTenant, startJob, testEditor } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
})
afterAll(() => database.drop())

test.each([
  ['few are left and none has come for 30 s', { unstarted: 12, secondsSinceSubmit: 30, slots: 2 }, true],
  ['there are more than six a slot', { unstarted: 13, secondsSinceSubmit: 30, slots: 2 }, false],
  ['one has come since', { unstarted: 12, secondsSinceSubmit: 29, slots: 2 }, false],
  ['all have started and none has come', { unstarted: 0, secondsSinceSubmit: 300, slots: 2 }, true],
  ['nobody serves the model', { unstarted: 1, secondsSinceSubmit: 300, slots: 0 }, false],
])('unstarted jobs go first or not: %s', (_, queue, isClosing) => {
  expect(decideClosing(queue)).toBe(isClosing)
})

test('a queue closes by what the database holds, and no longer once a job is submitted', async () => {
  const { db } = database
  const { tenantId, imageId } = await seedTenant(db)
  const workerId = v7()
  const endpoints = [{ modelId: testEditor, engine: 'openai-images', url: 'http://a/v1', capacity: 1 }]
  const models = [{ id: testEditor, kinds: ['EDITOR' as const], parameters: [], maxReferences: null, position: 0 }]
  const ids = await registerWorker(db, { workerId, host: 'h', version: '1', models, endpoints })
  await acquireEndpoints(db, { workerId, wishes: [{ ids: [...ids.values()], upTo: 1 }] })
  for (let i = 0; i < 3; i++) await startJob(db, tenantId, newJob(imageId))
  await db.query(`update task set created_at = created_at - interval '40 seconds'`)

  const isClosing = makeClosingRule(db, { queue: `edit:${testEditor}`, modelId: testEditor, log: silentLog })
  await until('it closes', isClosing)
  await startJob(db, tenantId, newJob(imageId))
  await until('it is open again', () => !isClosing())
})
