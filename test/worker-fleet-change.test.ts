import { writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openFleet } from '../workers/fleet/open-fleet.ts'
import { startFleetWorker } from '../workers/fleet-worker.ts'
import { makeOpenFolder } from './support/embedded-postgres.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { writeFleetFile } from './support/fake-fleet.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { silentLog } from './support/silent-log.ts'
import { until } from './support/until.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let folder: Awaited<ReturnType<typeof makeOpenFolder>>
let tenantId: string
let editors: [FakeEditor, FakeEditor]
let thinker: FakeThinker
let worker: ReturnType<typeof startFleetWorker>

beforeAll(async () => {
  setup = await openWorkers()
  tenantId = await setup.createTenant()
})
afterAll(() => setup.close())
beforeEach(async () => {
  folder = await makeOpenFolder()
  editors = [await startFakeEditor(), await startFakeEditor()]
  thinker = await startFakeThinker({ say: () => '{"is_satisfied": true, "semantic": 9, "quality": 9}' })
  const { db } = setup.images
  const opened = openFleet(await write(editors[0]), { env: {}, log: silentLog })
  worker = startFleetWorker({
    ...{ db, url: setup.url, images: setup.images, log: silentLog, host: 'test', version: '0' },
    ...opened,
  })
  await worker.ready
})
afterEach(async () => {
  await worker.stop({ graceMs: 0 })
  await Promise.all([...editors, thinker].map(server => server.close()))
  await folder.remove()
})

const write = (editor: FakeEditor) =>
  writeFleetFile(folder.folder, { editors: [editor.url], thinkers: [thinker.url], capacity: 1 })

const driven = async () => {
  const { rows } = await setup.images.db.query<{ url: string }>(
    `select url from endpoint where lease_until > clock_timestamp() and model_id = 'fake-editor'`,
  )
  return rows.map(row => row.url)
}

test('a changed fleet file is followed, and the calls under way end where they were', async () => {
  const [old, next] = editors
  old.behave({ does: 'answer', delayMs: 4_000 })
  const first = await setup.submit(tenantId)
  await until('its edit is under way', () => old.inFlight === 1)
  await write(next)
  await until('the new editor is driven', async () => (await driven()).includes(next.url))
  const second = await setup.submit(tenantId)
  expect(await setup.finished(second)).toMatchObject({ status: 'SUCCEEDED' })
  expect(await setup.finished(first)).toMatchObject({ status: 'SUCCEEDED' })
  expect([old.calls, old.aborted, next.calls]).toEqual([1, 0, 1])
  await until('the old editor is given up', async () => (await driven()).join() === next.url)
})

test('a fleet file that is broken changes nothing until it is whole again', async () => {
  const [old, next] = editors
  await writeFile(`${folder.folder}/fleet.yaml`, 'editors: [{ model: e')
  const job = await setup.submit(tenantId)
  expect(await setup.finished(job)).toMatchObject({ status: 'SUCCEEDED' })
  expect(old.calls).toBe(1)
  await write(next)
  await until('the new editor is driven alone', async () => (await driven()).join() === next.url)
  expect(await setup.finished(await setup.submit(tenantId))).toMatchObject({ status: 'SUCCEEDED' })
  expect([old.calls, next.calls]).toEqual([1, 1])
})
