// An editor that passes its health checks and fails every call: what becomes of a job that has fallback editors.

import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { failStage, type StageFailure } from '../src/jobs/fail-stage.ts'
import { fallBack } from '../src/jobs/fall-back.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { driveEditors, placesOf, setHealth } from './support/driven-editors.ts'
import { claimFrom, newJob, seedModels, seedTenant, startJob, testEditor } from './support/stage-driver.ts'

let database: TestDatabase | undefined
let db: TestDatabase['db']
let tenantId: string
let imageId: string

beforeEach(async () => {
  await database?.drop()
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
  await db.query(`insert into model (id, kinds, position) values ('second', '{EDITOR}', 2), ('third', '{EDITOR}', 3)`)
  ;({ tenantId, imageId } = await seedTenant(db))
})
afterAll(() => database?.drop())

const start = (fallbackEditors: string[], candidates = 1) =>
  startJob(db, tenantId, newJob(imageId, { loop: { fallbackEditors, candidates } }))

const editorOf = async (jobId: string) => {
  const rows = await placesOf(db, jobId)
  expect(rows).toEqual([{ queue: `edit:${rows[0]?.editor}`, editor: rows[0]?.editor }])
  return rows[0]?.editor
}

const statusOf = async (jobId: string) => {
  const { rows } = await db.query<{ status: string }>('select status::text as status from job where id = $1', [jobId])
  return rows[0]?.status
}

/** Fails an edit at this editor so often, without waiting between the attempts. */
async function fail(model: string, times: number, kind: StageFailure['kind'] = 'failed'): Promise<void> {
  const { rows } = await db.query<{ id: string }>('select id from endpoint where model_id = $1', [model])
  for (let i = 0; i < times; i++) {
    await db.query(`update task set state = 'READY' where state = 'DELAYED'`)
    const task = await claimFrom(db, `edit:${model}`)
    const failure = { kind, code: 'ENGINE_FAILED', message: 'It failed.', retryAfterMs: null }
    expect(await failStage(db, task, { ...failure, endpointId: rows[0]?.id ?? null })).toEqual({ isFenced: false })
  }
}

describe('an edit that keeps failing at its editor', () => {
  test('goes to each fallback once, its failures counted anew, before it is given up', async () => {
    await driveEditors(db, testEditor, 'second', 'third')
    const jobId = await start(['second', 'third'])
    await fail(testEditor, 4)
    expect(await editorOf(jobId)).toBe(testEditor)
    await fail(testEditor, 1)
    expect(await editorOf(jobId)).toBe('second')
    const { rows: tasks } = await db.query('select failures, state::text as state from task')
    expect(tasks).toEqual([{ failures: 0, state: 'READY' }])
    await fail('second', 5)
    expect(await editorOf(jobId)).toBe('third')
    await fail('third', 4)
    expect(await statusOf(jobId)).toBe('RUNNING')
    await fail('third', 1)
    expect(await statusOf(jobId)).toBe('FAILED')
    const { rows } = await db.query(`select stage::text as stage from job_event where code = 'EDITOR_FALLBACK'`)
    expect(rows).toEqual([{ stage: 'EDIT' }, { stage: 'EDIT' }])
  })

  test('goes on to the one that works, and back to none that it failed at', async () => {
    await driveEditors(db, testEditor, 'third')
    const jobId = await start(['second', 'third'])
    await fail(testEditor, 5)
    expect(await editorOf(jobId)).toBe('third')
    await fail('third', 1)
    await setHealth(db, 'third', 'UNHEALTHY')
    await db.query(`update task set state = 'READY' where state = 'DELAYED'`)
    expect(await fallBack(db, 'third')).toBe(1)
    await fail(testEditor, 4)
    await setHealth(db, 'third', 'HEALTHY')
    await fail(testEditor, 1)
    expect(await statusOf(jobId)).toBe('FAILED')
  })

  test('moves alone: what else waits for the editor has its own five', async () => {
    await driveEditors(db, testEditor, 'second')
    await start(['second'], 2)
    await db.query(`update task set failures = 4 where candidate = 0`)
    await fail(testEditor, 1)
    const { rows } = await db.query('select candidate, queue, failures from task order by candidate')
    expect(rows).toEqual([
      { candidate: 0, queue: 'edit:second', failures: 0 },
      { candidate: 1, queue: `edit:${testEditor}`, failures: 0 },
    ])
  })

  test.each<[string, string[], StageFailure['kind'], number]>([
    ['has no fallback', [], 'failed', 5],
    ['has none with a healthy endpoint', ['third'], 'failed', 5],
    ['was refused', ['second'], 'rejected', 1],
  ])('is given up where it %s', async (_, fallbacks, kind, times) => {
    await driveEditors(db, testEditor, 'second')
    const jobId = await start(fallbacks)
    await fail(testEditor, times, kind)
    expect(await statusOf(jobId)).toBe('FAILED')
  })

  test('is given up where a provider may be making it', async () => {
    await driveEditors(db, testEditor, 'second')
    const jobId = await start(['second'])
    await db.query('update task set submitted_at = now()')
    await fail(testEditor, 5)
    expect(await statusOf(jobId)).toBe('FAILED')
  })
})
