import { v7 } from 'uuid'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { InvalidInputError } from '../src/errors.ts'
import { fallBack, findBrokenEditors } from '../src/jobs/fall-back.ts'
import { startStage } from '../src/jobs/start-stage.ts'
import { claimTasks } from '../src/queue/claim-tasks.ts'
import { makeFallbackWatch } from '../workers/fallback-watch.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { driveEditors, placesOf, setHealth } from './support/driven-editors.ts'
import { silentLog } from './support/silent-log.ts'
import { newJob, seedModels, seedTenant, startJob, testEditor, testThinker } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let database: TestDatabase | undefined
let db: TestDatabase['db']
let tenantId: string
let imageId: string

beforeEach(async () => {
  await database?.drop()
  database = await createTestDatabase()
  db = database.db
  await seedModels(db)
  await db.query(
    `insert into model (id, kinds, parameters, position) values ('second', '{EDITOR}', $1, 2), ('third', '{EDITOR}', '[]', 3)`,
    [
      JSON.stringify([
        { name: 'steps', type: 'integer', default: null, min: 1, max: 50, description: '' },
        { name: 'scale', type: 'number', default: null, min: 0, max: 10, description: '' },
      ]),
    ],
  )
  await db.query(`update model set parameters = $1 where id = $2`, [
    JSON.stringify(
      ['steps', 'scale', 'style'].map(name => ({
        ...{ name, type: name === 'style' ? 'string' : 'number', default: null, min: null, max: null, description: '' },
      })),
    ),
    testEditor,
  ])
  ;({ tenantId, imageId } = await seedTenant(db))
})
afterAll(() => database?.drop())

const start = (fallbackEditors: string[], editorParameters = {}) =>
  startJob(db, tenantId, newJob(imageId, { loop: { fallbackEditors, editorParameters } }))

const claimAt = async (model: string) => {
  const claim = { workerId: v7(), limit: 1, leaseMs: 9_000, stageSeconds: 1, isClosing: false }
  return (await claimTasks(db, { queue: `edit:${model}`, ...claim }))[0]
}

describe('an editor without a healthy endpoint', () => {
  test('loses the edits of jobs with a fallback that has one, and keeps the others', async () => {
    await driveEditors(db, 'third')
    const [falling, waiting, plain] = [await start(['second', 'third']), await start(['second']), await start([])]
    expect(await findBrokenEditors(db)).toEqual([testEditor])
    expect(await fallBack(db, testEditor)).toBe(1)
    expect(await placesOf(db, falling)).toEqual([{ queue: 'edit:third', editor: 'third' }])
    for (const jobId of [waiting, plain]) {
      expect(await placesOf(db, jobId)).toEqual([{ queue: `edit:${testEditor}`, editor: testEditor }])
    }
    const { rows } = await db.query(
      `select e.type::text as type, e.code, e.stage::text as stage, j.editor from job_event e join job j on j.id = e.job_id
       where e.job_id = $1 order by e.seq`,
      [falling],
    )
    expect(rows).toEqual([
      { type: 'JOB_QUEUED', code: null, stage: null, editor: testEditor },
      { type: 'STAGE_RETRYING', code: 'EDITOR_FALLBACK', stage: 'EDIT', editor: testEditor },
    ])
    expect((await claimAt('third'))?.jobId).toBe(falling)
  })

  test('is one whose endpoints are all broken; one that works is enough', async () => {
    await driveEditors(db, testEditor, 'second')
    const jobId = await start(['second'])
    await setHealth(db, testEditor, 'HEALTHY')
    expect(await findBrokenEditors(db)).toEqual([])
    await setHealth(db, testEditor, 'UNHEALTHY')
    expect(await findBrokenEditors(db)).toEqual([testEditor])
    expect(await fallBack(db, testEditor)).toBe(1)
    expect(await placesOf(db, jobId)).toMatchObject([{ editor: 'second' }])
  })

  test('gets the edit back when the fallback breaks too and it works again', async () => {
    await driveEditors(db, testEditor, 'second')
    const jobId = await start(['second'])
    await setHealth(db, testEditor, 'UNHEALTHY')
    await fallBack(db, testEditor)
    await setHealth(db, testEditor, 'HEALTHY')
    await setHealth(db, 'second', 'UNHEALTHY')
    expect(await fallBack(db, 'second')).toBe(1)
    expect(await placesOf(db, jobId)).toEqual([{ queue: `edit:${testEditor}`, editor: testEditor }])
  })

  test('is waited for a while before anything moves', async () => {
    await driveEditors(db, 'second')
    const jobId = await start(['second'])
    const look = makeFallbackWatch(db, { log: silentLog, brokenMs: 300 })
    const startedAt = performance.now()
    await look()
    expect(await placesOf(db, jobId)).toMatchObject([{ editor: testEditor }])
    await until('the edit moves', async () => {
      await look()
      return (await placesOf(db, jobId))[0]?.editor === 'second'
    })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300)
  })

  test('is left by one move however many workers look, and by none of a job that is being canceled', async () => {
    await driveEditors(db, 'second')
    await Promise.all(Array.from({ length: 20 }, () => start(['second'])))
    await db.query(
      `update job set stopping_for = 'CANCELED', cancel_requested_at = now() where id = (select min(id::text)::uuid from job)`,
    )
    const moved = await Promise.all([1, 2, 3, 4].map(() => fallBack(db, testEditor)))
    expect(moved.reduce((sum, edits) => sum + edits, 0)).toBe(19)
    const { rows } = await db.query(`select 1 from job_event where code = 'EDITOR_FALLBACK'`)
    expect(rows).toHaveLength(19)
  })
})

describe('an edit that went to a fallback', () => {
  test('starts with the parameters that the fallback takes', async () => {
    await driveEditors(db, 'second')
    const jobId = await start(['second'], { steps: 90, scale: 2.5, style: 'oil' })
    await fallBack(db, testEditor)
    const task = await claimAt('second')
    expect(task?.jobId).toBe(jobId)
    expect(task && (await startStage(db, task))).toMatchObject({ model: 'second', editorParameters: { scale: 2.5 } })
  })

  test('counts its failures from the beginning and waits for its turn', async () => {
    await driveEditors(db, 'second')
    await start(['second'])
    await db.query(`update task set failures = 4, boost = 1`)
    await fallBack(db, testEditor)
    const { rows } = await db.query('select failures, boost, state::text as state from task')
    expect(rows).toEqual([{ failures: 0, boost: 0, state: 'READY' }])
  })

  test('is not one that was submitted to a provider: its answer is there', async () => {
    await driveEditors(db, 'second')
    const jobId = await start(['second'])
    await db.query('update task set submitted_at = now()')
    expect(await fallBack(db, testEditor)).toBe(0)
    expect(await placesOf(db, jobId)).toMatchObject([{ editor: testEditor }])
  })
})

test.each([
  ['unknown', 'nobody', 'The editor "nobody" is not known here.'],
  ['no editor', testThinker, `The model "${testThinker}" is no editor.`],
])('a fallback that is %s is refused by its place', async (_, model, message) => {
  const error = await start(['second', model]).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InvalidInputError)
  expect(error).toMatchObject({ field: 'settings.fallbackEditors.1', message })
})
