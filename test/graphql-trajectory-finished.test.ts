import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { type Live, makeLive } from '../schema/http/live.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { watchEvents } from './support/event-watcher.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { playJob } from './support/play-job.ts'
import { createCaller } from './support/seed.ts'
import { type ServedGraphql, serveGraphql } from './support/serve-graphql.ts'
import { seedImage, seedModels } from './support/stage-driver.ts'
import { within } from './support/until.ts'

let api: TestApi
let live: Live
let server: ServedGraphql
let caller: Caller
let home: { tenantId: string; imageId: string }

beforeAll(async () => {
  api = await openTestApi()
  live = makeLive(api.deps)
  server = await serveGraphql(api.deps, live)
  await seedModels(api.db)
  caller = await loadLocalCaller(api.db)
  home = { tenantId: caller.tenantId, imageId: await seedImage(api.db, caller.tenantId) }
})
afterAll(async () => {
  await server.close()
  await api.close()
})

const ITEM = 'cursor trajectory { bestOverall gain stopReason job { id rounds { index critique { overall } } } }'
const FOLLOW = `subscription($filter: TrajectoryFilter, $after: String) {
  trajectoryFinished(filter: $filter, after: $after) { ${ITEM} }
}`
const PAGE = `query($filter: TrajectoryFilter, $after: String, $first: Int) {
  finishedTrajectories(filter: $filter, after: $after, first: $first) { items { ${ITEM} } endCursor hasNextPage }
}`
type Item = { cursor: string; trajectory: { bestOverall: number; job: { id: string } } }
const itemOf = (data: Record<string, unknown>) => data.trajectoryFinished as Item // as FOLLOW asks
const readPage = async (variables: object) => (await api.get(caller, PAGE, { ...variables })).finishedTrajectories

describe('a live dataset', () => {
  it('brings each trajectory that matches as its run ends, over both transports, and made once for all who follow it', async () => {
    const { endCursor: after } = await readPage({ first: 1 })
    const filter = { bestOverall: { gte: 7 } }
    const watchers = (['websocket', 'sse', 'websocket', 'sse'] as const).map((transport, i) =>
      watchEvents<string>({
        query: FOLLOW,
        variables: { filter },
        after,
        cursorOf: data => itemOf(data).cursor,
        transport,
        isSwitching: i > 1,
        pickServer: () => server.url,
        nextCut: () => 2,
        isLast: data => itemOf(data).trajectory.bestOverall === 10,
      }),
    )
    const before = live.countExecutions()
    const jobs: string[] = []
    for (const score of [9, 3, 8, 4, 7, 9, 5, 10]) jobs.push(await playJob(api.db, home, [[2, 2], [score, score]])) // biome-ignore format: one job a line
    const wanted = [0, 2, 4, 5, 7].map(i => encodeGlobalId('Job', jobs[i] ?? ''))
    for (const { received } of await within('all', Promise.all(watchers.map(({ done }) => done)), 30_000)) {
      expect(received.map(data => itemOf(data).trajectory.job.id)).toEqual(wanted)
    }
    expect(live.countExecutions() - before).toBeLessThan(watchers.length * wanted.length)
    const { items } = await readPage({ filter, after, first: 100 })
    expect(items.map((item: Item) => item.trajectory.job.id)).toEqual(wanted)
    expect(items[0]).toMatchObject({
      trajectory: {
        ...{ bestOverall: 9, gain: 7, stopReason: 'SATISFIED' },
        job: { rounds: [{ critique: { overall: 2 } }, { critique: { overall: 9 } }] },
      },
    })
  })

  it('leaves out what was deleted before it could be sent', async () => {
    const { endCursor: after } = await readPage({ first: 100 })
    const [deleted = '', kept = ''] = [await playJob(api.db, home, [[9, 9]]), await playJob(api.db, home, [[8, 8]])]
    await deleteJob(api.db, { tenantId: home.tenantId, jobId: deleted })
    const [answer] = await within('the one', api.follow(caller, FOLLOW, { after }, 1))
    expect(answer?.data.trajectoryFinished.trajectory.job.id).toBe(encodeGlobalId('Job', kept))
  })

  it('is read on from any page, also from an empty one', async () => {
    const first = await readPage({ first: 2 })
    expect(first).toMatchObject({ items: { length: 2 }, hasNextPage: true })
    const rest = await readPage({ first: 100, after: first.endCursor })
    expect(rest.hasNextPage).toBe(false)
    const empty = await readPage({ first: 5, after: rest.endCursor })
    expect(empty).toMatchObject({ items: [], hasNextPage: false })
    const jobId = await playJob(api.db, home, [[9, 9]])
    const [answer] = await within('the next', api.follow(caller, FOLLOW, { after: empty.endCursor }, 1))
    expect(answer?.data.trajectoryFinished.trajectory.job.id).toBe(encodeGlobalId('Job', jobId))
  })

  it("shows nothing of another tenant, by that tenant's cursor either", async () => {
    const other = await createCaller(api.db, 'READ')
    const { items } = await readPage({ first: 1 })
    for (const after of [null, items[0]?.cursor]) {
      expect((await api.get(other, PAGE, { after })).finishedTrajectories.items).toEqual([])
    }
    const theirs = { tenantId: other.tenantId, imageId: await seedImage(api.db, other.tenantId) }
    const following = api.follow(other, FOLLOW, { after: items[0]?.cursor }, 1)
    await playJob(api.db, home, [[9, 9]])
    const jobId = await playJob(api.db, theirs, [[9, 9]])
    const [answer] = await within('their own', following)
    expect(answer?.data.trajectoryFinished.trajectory.job.id).toBe(encodeGlobalId('Job', jobId))
  })

  it('refuses a cursor, a filter or a page that cannot be meant', async () => {
    const faults = async (variables: object) => [
      (await api.follow(caller, FOLLOW, { ...variables }, 1))[0]?.errors[0],
      (await api.run(caller, PAGE, { ...variables })).errors[0],
    ]
    const refusal = (field: string) => ({ code: 'INVALID_INPUT', field })
    expect(await faults({ after: 'x' })).toMatchObject([refusal('after'), refusal('after')])
    const filter = { rounds: { gte: 0.5 } }
    expect(await faults({ filter })).toMatchObject([refusal('filter.rounds.gte'), refusal('filter.rounds.gte')])
    expect((await api.run(caller, PAGE, { first: 101 })).errors).toMatchObject([refusal('first')])
  })
})
