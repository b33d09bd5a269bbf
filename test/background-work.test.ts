import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type BackgroundWork, startBackgroundWork } from '../src/background-work.ts'
import { buildVersion } from '../src/datasets/build-version.ts'
import { deleteDataset } from '../src/datasets/delete-dataset.ts'
import { versionBuilds } from '../src/datasets/version-builds.ts'
import type { EventFeed } from '../src/events/event-feed.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type DatasetHouse, openDatasetHouse } from './support/dataset-house.ts'
import { silentLog } from './support/silent-log.ts'
import { seedModels } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let database: TestDatabase
let house: DatasetHouse

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
})
afterAll(() => database.drop())
beforeEach(async () => {
  house = await openDatasetHouse(database.db)
})

const deaf: Pick<EventFeed, 'onWork'> = { onWork: () => () => {} }

function start(work: BackgroundWork = versionBuilds(database.db), feed = deaf) {
  return startBackgroundWork({ db: database.db, feed, log: silentLog, works: [work] })
}

it('what a dead process left is done, what a live one does is left alone', async () => {
  await house.play([3, 9])
  const [dead, alive] = [await house.addVersion(), await house.addVersion()]
  await house.take(dead)
  await database.db.query(`update dataset_version set lease_until = now() - interval '1 s' where id = $1`, [dead])
  const owner = await house.take(alive)
  const work = start()
  await until('it is built', async () => (await house.versionOf(dead))?.status === 'READY')
  await work.stop()
  expect(await house.versionOf(alive)).toMatchObject({ status: 'BUILDING', owner })
})

it('several processes do each row once', async () => {
  const versions = [await house.addVersion(), await house.addVersion(), await house.addVersion()]
  const runs: string[] = []
  const builds = versionBuilds(database.db)
  const counted = {
    ...builds,
    run: async (lease: Parameters<typeof builds.run>[0]) => {
      runs.push(lease.id)
      await builds.run(lease)
    },
  }
  const processes = [start(counted), start(counted), start(counted)]
  for (const id of versions) await until('it is built', async () => (await house.versionOf(id))?.status === 'READY')
  await Promise.all(processes.map(each => each.stop()))
  expect(runs.filter(id => versions.includes(id)).sort()).toEqual([...versions].sort())
})

it('work is heard of at once, and a process that stops gives up what it does', async () => {
  let tell = (_table: string | null) => {}
  const feed: Pick<EventFeed, 'onWork'> = {
    onWork(listener) {
      tell = listener
      return () => {}
    },
  }
  const begun: string[] = []
  const endless: BackgroundWork = {
    ...versionBuilds(database.db),
    async run({ id, signal }) {
      begun.push(id)
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      signal.throwIfAborted()
    },
  }
  const work = start(endless, feed)
  const versionId = await house.addVersion()
  tell('dataset_version')
  await until('it is begun', () => begun.includes(versionId))
  await work.stop()
  expect(await house.versionOf(versionId)).toMatchObject({
    ...{ status: 'BUILDING', owner: null, lease_until: null, takes: 0 },
  })
})

it('what cannot be done is failed, with a code', async () => {
  const versionId = await house.addVersion()
  await database.db.query(`update dataset_version set as_of = 'nonsense' where id = $1`, [versionId])
  const work = start()
  await until('it failed', async () => (await house.versionOf(versionId))?.status === 'FAILED')
  await work.stop()
  expect(await house.versionOf(versionId)).toMatchObject({ error_code: 'INVALID_INPUT', owner: null })
})

it('a process that was thought dead has no say any more', async () => {
  await house.play([3, 9])
  const versionId = await house.addVersion()
  const late = { id: versionId, owner: await house.take(versionId), signal: new AbortController().signal }
  await house.build(versionId)
  const built = await house.versionOf(versionId)
  await expect(buildVersion(database.db, late)).rejects.toMatchObject({ name: 'LeaseLostError' })
  expect(await house.versionOf(versionId)).toEqual(built)
})

it('a version whose dataset is deleted is given up', async () => {
  await house.play([3, 9])
  const versionId = await house.addVersion()
  const lease = { id: versionId, owner: await house.take(versionId), signal: new AbortController().signal }
  await deleteDataset(database.db, house)
  await expect(buildVersion(database.db, lease)).rejects.toMatchObject({ name: 'LeaseLostError' })
  const { rows } = await database.db.query('select 1 from dataset_sample where version_id = $1', [versionId])
  expect(rows).toEqual([])
})
