import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeApiSubmitter } from './support/api-submitter.ts'
import { makeOpenFolder } from './support/embedded-postgres.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { writeFleetFile } from './support/fake-fleet.ts'
import { noisePng } from './support/pictures.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { startProcess } from './support/server-process.ts'
import { until } from './support/until.ts'
import { startWorkerProcess, type WorkerProcess } from './support/worker-process.ts'
import { fakeEditorModel } from './support/worker-setup.ts'

const script = 'workers/main.ts'
let folder: Awaited<ReturnType<typeof makeOpenFolder>>
let dataDir: string
beforeAll(async () => {
  folder = await makeOpenFolder()
  dataDir = folder.folder
})
afterAll(() => folder.remove())

describe('a worker that cannot start', () => {
  test('because there is no server to attach to names the ways out and ends with 1', async () => {
    const worker = startProcess(script, { DATA_DIR: dataDir })
    expect(await worker.end()).toEqual({ code: 1, signal: null })
    expect(worker.stderr().trim()).toMatch(/^No server runs on the data folder .*"npm start".*DATABASE_URL.*\.$/)
  })

  test('because of its fleet file tells every problem with its line', async () => {
    const path = join(dataDir, 'faulty.yaml')
    await writeFile(path, 'editors:\n  - { model: e, engine: openai-images, url: gpu-1, capacity: 0 }\n')
    const worker = startProcess(script, { DATA_DIR: dataDir }, ['--fleet', path])
    expect(await worker.end()).toEqual({ code: 1, signal: null })
    expect(worker.stderr()).toMatch(/faulty\.yaml:2: editors\.0\.url .*\n.*faulty\.yaml:2: editors\.0\.capacity/)
  })

  test('because of --only tells which models there are', async () => {
    const fleet = await writeFleetFile(dataDir, { editors: ['http://a/v1'], thinkers: ['http://b/v1'], capacity: 1 })
    const worker = startProcess(script, { DATA_DIR: dataDir }, ['--fleet', fleet, '--only', 'flux'])
    expect(await worker.end()).toEqual({ code: 1, signal: null })
    expect(worker.stderr().trim()).toBe('The fleet has no model "flux"; it lists fake-editor, fake-thinker.')
  })
})

describe('a worker process', { timeout: 90_000 }, () => {
  let server: TestServer
  let editor: FakeEditor
  let worker: WorkerProcess
  beforeEach(async () => {
    editor = await startFakeEditor({ behavior: { does: 'hang' } })
    server = await startTestServer({ env: { DATA_DIR: dataDir } })
  })
  afterEach(async () => {
    await worker.end('SIGKILL')
    await server.close()
    await editor.close()
  })

  test('drives the model of --only alone, and at SIGTERM gives back what runs and what it drove', async () => {
    const fleetPath = await writeFleetFile(dataDir, { editors: [editor.url], thinkers: ['http://b/v1'], capacity: 2 })
    const { db, databaseUrl } = server
    worker = startWorkerProcess({ databaseUrl, dataDir, fleetPath, args: ['--only', fakeEditorModel] })
    await worker.ready()
    expect((await db.query('select model_id, worker_id is not null as driven from endpoint')).rows).toEqual([
      { model_id: fakeEditorModel, driven: true },
    ])
    const { rows: models } = await db.query('select models from worker')
    expect(models).toEqual([{ models: [fakeEditorModel] }])

    await db.query(
      `insert into model (id, kinds, parameters, position) values ('fake-thinker', '{THINKER}', '[]', 1) on conflict do nothing`,
    )
    const api = makeApiSubmitter(() => server.url)
    const sourceId = await api.upload(new Uint8Array(await noisePng()))
    await api.startEdit({ sourceId, instruction: 'bluer', idempotencyKey: '1', maxRounds: 1 })
    await until('the edit is under way', () => editor.inFlight === 1)
    const toldAt = performance.now()
    worker.child.kill('SIGTERM')
    await until('the task is given back', async () => {
      const { rows } = await db.query(`select 1 from task where state = 'READY' and failures = 0 and crashes = 0`)
      return rows.length === 1
    })
    expect(performance.now() - toldAt).toBeLessThan(3_000)
    expect(await worker.end()).toEqual({ code: 0, signal: null })
    expect((await db.query('select worker_id from endpoint')).rows).toEqual([{ worker_id: null }])
    expect((await db.query('select 1 from worker')).rows).toEqual([])
    expect(editor.aborted).toBe(1)
  })
})
