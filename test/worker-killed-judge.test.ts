import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startJudgeRun } from '../src/judging/start-judge-run.ts'
import { toFleetText } from './support/engine-entries.ts'
import { startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { readJob, readRun } from './support/judge-driver.ts'
import { until } from './support/until.ts'
import { startWorkerProcess, type WorkerProcess } from './support/worker-process.ts'
import { fakeFleet, fakeThinkerModel, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let thinker: FakeThinker
let killed: WorkerProcess | undefined

beforeAll(async () => {
  setup = await openWorkers()
  // It serves as thinker and as judge: the JSON of the one holds what the other is asked for.
  thinker = await startFakeThinker({
    say: () => JSON.stringify({ reasoning: 'seen', semantic: 9, quality: 9, is_satisfied: true }),
  })
})
afterAll(async () => {
  await killed?.end('SIGKILL')
  await setup.close()
  await thinker.close()
})

test('what a killed worker was asking is asked by another, and each question is answered once', async () => {
  const { db } = setup.images
  const editor = await startFakeEditor()
  await setup.start(fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }))
  const tenantId = await setup.createTenant()
  const jobIds = await Promise.all([1, 2, 3].map(() => setup.submit(tenantId)))
  for (const jobId of jobIds) await setup.finished(jobId)
  await setup.stopWorkers()
  await editor.close()
  const before = await Promise.all(jobIds.map(jobId => readJob(db, jobId)))

  const fleetPath = join(setup.dataDir, 'fleet.yaml')
  const entry = { model: fakeThinkerModel, engine: 'openai-chat', ...{ style: 'json', capacity: 2 } }
  await writeFile(fleetPath, toFleetText({ editors: [], thinkers: [{ ...entry, url: thinker.url }] }))
  killed = startWorkerProcess({ databaseUrl: setup.url, dataDir: setup.dataDir, fleetPath })
  await killed.ready()
  thinker.behave({ does: 'hang' })
  const selection = { filter: {}, rounds: 'ALL' } as const
  const author = { tenantId, keyName: 'the tests' }
  const run = await startJudgeRun(db, author, { name: 'n', model: fakeThinkerModel, rubric: 'overall', selection })
  await until('two questions are being asked', () => thinker.inFlight === 2)
  await killed.end('SIGKILL')
  thinker.behave({ does: 'answer' })

  await setup.start(fakeFleet({ thinkers: [thinker.url] }))
  const { answers } = await until(
    'the run ends',
    async () => {
      const found = await readRun(db, run)
      return found.status === 'DONE' ? found : null
    },
    60_000,
  )
  expect(answers.map(({ errorCode }) => errorCode)).toEqual([null, null, null])
  const { rows } = await db.query(`select crashes from task where judge_run_id = $1 order by crashes`, [run])
  expect(rows).toEqual([{ crashes: 0 }, { crashes: 1 }, { crashes: 1 }])
  expect((await db.query(`select 1 from critique where source = 'JUDGE'`)).rows).toHaveLength(3)
  expect(await Promise.all(jobIds.map(jobId => readJob(db, jobId)))).toEqual(before)
}, 120_000)
