// How soon a fleet file's servers have a driver again when a worker joins or leaves: the bounds are below the three seconds
// from one heartbeat to the next, of which it took two.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const SOON_MS = 2_500

let setup: WorkerSetup
let editors: FakeEditor[]
beforeAll(async () => {
  setup = await openWorkers()
})
afterAll(() => setup.close())
beforeEach(async () => {
  editors = await Promise.all(Array.from({ length: 4 }, () => startFakeEditor()))
})
afterEach(async () => {
  await setup.stopWorkers()
  await Promise.all(editors.map(editor => editor.close()))
})

const drivenBy = async (workerId: string) => {
  const { rows } = await setup.images.db.query(
    'select 1 from endpoint where worker_id = $1 and lease_until > clock_timestamp()',
    [workerId],
  )
  return rows.length
}

const fleet = () => fakeFleet({ editors: editors.map(({ url }) => url) }, { capacity: 1 })

test('a worker that joins has its share within a second or two, and the other has it back when it leaves', async () => {
  const one = await setup.start(fleet())
  expect(await drivenBy(one.id)).toBe(4)
  const two = await setup.start(fleet())
  const isShared = async () => (await drivenBy(one.id)) === 2 && (await drivenBy(two.id)) === 2
  await until('each has its share', isShared, SOON_MS)
  await two.stop()
  await until('the first drives all again', async () => (await drivenBy(one.id)) === 4, SOON_MS)
})

test('an endpoint goes over as its call ends, neither before nor long after', async () => {
  const tenantId = await setup.createTenant()
  for (const editor of editors) editor.behave({ does: 'answer', delayMs: 3_000 })
  const plain = { thinker: null, loop: { critique: false, maxRounds: 1 } }
  await setup.start(fleet())
  const jobs = await Promise.all(editors.map(() => setup.submit(tenantId, plain)))
  await until('every server has a call', () => editors.every(({ inFlight }) => inFlight === 1))
  const more = await Promise.all(editors.map(() => setup.submit(tenantId, plain)))
  const two = await setup.start(fleet())
  expect(await drivenBy(two.id)).toBe(0)
  await until('the first calls end', () => editors.every(({ calls }) => calls === 2), 6_000)
  expect(await drivenBy(two.id)).toBe(2)
  for (const jobId of [...jobs, ...more]) expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
  expect(editors.map(({ maxInFlight }) => maxInFlight)).toEqual([1, 1, 1, 1])
})
