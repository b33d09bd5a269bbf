import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { playJob } from './support/play-job.ts'
import { createCaller } from './support/seed.ts'
import { seedImage } from './support/stage-driver.ts'
import {
  criticise,
  endedNames,
  openTrajectories,
  type TrajectoryHouse,
  type TrajectoryPage,
  trajectoriesDocument,
} from './support/trajectory-house.ts'
import { until } from './support/until.ts'

let house: TrajectoryHouse
beforeAll(async () => {
  house = await openTrajectories()
})
afterAll(() => house.api.close())

describe('a trajectory', () => {
  it('has the numbers of its rounds', async () => {
    expect(await house.trajectoryOf('risen')).toEqual({
      ...{ status: 'SUCCEEDED', stopReason: 'SATISFIED', rounds: 2, bestIndex: 2 },
      ...{ firstOverall: 4, bestOverall: 9, lastOverall: 9, gain: 5, variance: 6.25 },
      ...{ seconds: expect.any(Number), editorSeconds: 8, thinkerTokens: 20, hasHumanCritique: true, agreement: 0.8 },
      ...{ createdAt: expect.any(String), finishedAt: expect.any(String) },
    })
  })

  it('has no scores where nobody judged, and no rounds where nothing was made', async () => {
    const none = {
      firstOverall: null,
      bestOverall: null,
      lastOverall: null,
      gain: null,
      variance: null,
      agreement: null,
    }
    expect(await house.trajectoryOf('unjudged')).toMatchObject({ rounds: 1, bestIndex: 1, ...none })
    expect(await house.trajectoryOf('canceled')).toMatchObject({
      status: 'CANCELED',
      rounds: 0,
      bestIndex: null,
      ...none,
    })
  })

  it('is null while the job goes on', async () => {
    const { jobs } = await house.api.get(
      house.caller,
      '{ jobs(filter: { status: QUEUED }) { edges { node { trajectory { rounds } } } } }',
    )
    expect(jobs.edges).toEqual([{ node: { trajectory: null } }])
  })
})

describe('an order', () => {
  const orderBy = (field: string, direction: string) => ({ orderBy: { field, direction } })
  const submitted: string[] = [...endedNames]

  test.each([
    ['FINISHED_AT', submitted],
    ['CREATED_AT', submitted],
    ['FIRST_OVERALL', ['risen', 'fallen', 'single']],
    ['LAST_OVERALL', ['fallen', 'risen', 'single']],
    ['BEST_OVERALL', ['fallen', 'risen', 'single']],
    ['GAIN', ['fallen', 'single', 'risen']],
    ['VARIANCE', ['single', 'fallen', 'risen']],
    ['ROUNDS', ['canceled', 'single', 'unjudged', 'risen', 'fallen']],
    ['THINKER_TOKENS', ['unjudged', 'canceled', 'single', 'risen', 'fallen']],
  ])('by %s lists those that have it, from either end and by pages of any size', async (field, ascending) => {
    for (const first of [1, 2, 100]) {
      expect(await walk({ first, ...orderBy(field, 'ASC') })).toEqual(ascending)
      expect(await walk({ first, ...orderBy(field, 'DESC') })).toEqual(ascending.toReversed())
    }
  })

  it('by SECONDS lists all, and the last that ended come first where none is named', async () => {
    const seconds = await Promise.all(
      submitted.map(async name => [name, (await house.trajectoryOf(name)).seconds] as const),
    )
    const ordered = (await walk(orderBy('SECONDS', 'ASC'))).map(name => new Map(seconds).get(name))
    expect(ordered).toEqual(seconds.map(([, value]) => value).sort((a, b) => a - b))
    expect(house.namesOf(await house.page({}))).toEqual(submitted.toReversed())
  })

  it('stays the same behind a cursor while others end and disappear', async () => {
    const reader = await createCaller(house.api.db, 'WRITE')
    const source = await seedImage(house.api.db, reader.tenantId)
    const end = async (score: number) =>
      encodeGlobalId(
        'Job',
        await playJob(house.api.db, { tenantId: reader.tenantId, imageId: source }, [[score, score]], {
          loop: { maxRounds: 1 },
        }),
      )
    const [six, seven, nine] = [await end(6), await end(7), await end(9)]
    const order = orderBy('BEST_OVERALL', 'DESC')
    const first = await house.page({ first: 2, ...order }, reader)
    expect(first.edges.map(edge => edge.node.job.id)).toEqual([nine, seven])
    const [eight, five] = [await end(8), await end(5)]
    const gone = 'mutation($id: ID!) { deleteJob(jobId: $id) { __typename } }'
    await house.api.get(reader, gone, { id: seven })
    const rest = await house.page({ after: first.pageInfo.endCursor, ...order }, reader)
    expect(rest.edges.map(edge => edge.node.job.id)).toEqual([six, five])
    expect((await house.page(order, reader)).edges.map(edge => edge.node.job.id)).toEqual([nine, eight, six, five])
  })
})

async function walk(variables: Record<string, unknown>): Promise<string[]> {
  const names: string[] = []
  let after: string | null = null
  for (;;) {
    const next: TrajectoryPage = await house.page({ ...variables, after })
    names.push(...house.namesOf(next))
    if (!next.pageInfo.hasNextPage) return names
    after = next.pageInfo.endCursor
  }
}

describe('a cursor', () => {
  it('that is altered, made up, of another order or of another tenant is refused', async () => {
    const cursor = (await house.page({ first: 1 })).edges[0]?.cursor ?? ''
    const stranger = await createCaller(house.api.db, 'OPERATOR')
    const altered = `${cursor.slice(0, -1)}${cursor.endsWith('A') ? 'B' : 'A'}`
    const { jobs } = await house.api.get(house.caller, '{ jobs(first: 1) { edges { cursor } } }')
    for (const after of [
      'x',
      altered,
      cursor.slice(0, 30),
      'A'.repeat(10_000),
      jobs.edges[0].cursor,
      house.ids.risen,
    ]) {
      const { errors } = await house.api.run(house.caller, trajectoriesDocument, { after })
      expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'after' }])
    }
    const byGain = { after: cursor, orderBy: { field: 'GAIN', direction: 'DESC' } }
    expect((await house.api.run(house.caller, trajectoriesDocument, byGain)).errors).toMatchObject([
      { code: 'INVALID_INPUT', field: 'after' },
    ])
    expect((await house.api.run(stranger, trajectoriesDocument, { after: cursor })).errors).toMatchObject([
      { field: 'after' },
    ])
  })

  it('of an empty page is null', async () => {
    const none = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }
    expect((await house.page({ filter: { or: [] } })).pageInfo).toEqual(none)
    expect((await house.page({ first: 0 })).pageInfo).toEqual({ ...none, hasNextPage: true })
  })
})

describe('another tenant', () => {
  it('sees nothing by any filter, order, count or place in the log', async () => {
    const stranger = await createCaller(house.api.db, 'OPERATOR')
    const { asOf } = (await house.api.get(house.caller, '{ trajectories { asOf } }')).trajectories
    for (const filter of [{}, { tags: ['sky'] }, { or: [{}, { hasHumanCritique: true }] }, { not: { or: [] } }]) {
      const seen = await house.page({ filter, asOf, orderBy: { field: 'GAIN', direction: 'ASC' } }, stranger)
      expect({ edges: seen.edges, total: seen.totalCount }).toEqual({ edges: [], total: 0 })
    }
    const { job } = await house.api.get(stranger, 'query($id: ID!) { job(id: $id) { trajectory { rounds } } }', {
      id: house.ids.risen,
    })
    expect(job).toBeNull()
  })
})

describe('a place in the log', () => {
  it('is read again as it was, though jobs end and people criticise meanwhile', async () => {
    const reader = await createCaller(house.api.db, 'WRITE')
    const source = await seedImage(house.api.db, reader.tenantId)
    const end = () => playJob(house.api.db, { tenantId: reader.tenantId, imageId: source }, [[9, 9]])
    const early = encodeGlobalId('Job', await end())
    const AT = `query($asOf: String, $filter: TrajectoryFilter) {
      trajectories(asOf: $asOf, filter: $filter) { totalCount asOf edges { node { job { id } } } }
    }`
    const at = async (asOf: string | null, filter = {}) =>
      (await house.api.get(reader, AT, { asOf, filter })).trajectories
    // What runs elsewhere in the same Postgres holds the safe place back for a moment.
    const before = await until('the safe place has come so far', async () => {
      const read = await at(null)
      return read.edges.length === 1 ? read : null
    })
    expect(before.edges[0].node.job.id).toBe(early)
    await criticise(house.api, reader, early, { semantic: 1, quality: 1 })
    await end()

    expect(await at(before.asOf)).toEqual(before)
    expect((await at(before.asOf, { hasHumanCritique: true })).totalCount).toBe(0)
    expect((await at(before.asOf, { agreement: { lte: 1 } })).totalCount).toBe(0)
    expect((await at(before.asOf, { not: { hasHumanCritique: true } })).edges[0].node.job.id).toBe(early)
    const after = await until('the safe place has come so far', async () => {
      const read = await at(null)
      return read.edges.length === 2 ? read : null
    })
    expect((await at(after.asOf, { hasHumanCritique: true })).totalCount).toBe(1)
    expect((await at(after.asOf, { agreement: { lt: 0.5 } })).totalCount).toBe(1)
    expect(await at(before.asOf)).toEqual(before)
  })
})
