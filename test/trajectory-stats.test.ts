import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { MAX_GROUPS } from '../src/trajectories/trajectory-stats.ts'
import { createCaller } from './support/seed.ts'
import { openTrajectories, type TrajectoryHouse } from './support/trajectory-house.ts'
import { until } from './support/until.ts'
import { writeTrajectories } from './support/write-trajectories.ts'

let house: TrajectoryHouse
beforeAll(async () => {
  house = await openTrajectories()
})
afterAll(() => house.api.close())

const DOCUMENT = `query($filter: TrajectoryFilter, $asOf: String, $groupBy: [TrajectoryGroupBy!], $histogram: HistogramInput) {
  trajectoryStats(filter: $filter, asOf: $asOf, groupBy: $groupBy, histogram: $histogram) {
    total { ...Numbers } groups { keys ...Numbers } hasMoreGroups
    histogram { bins { from to count } below above missing }
  }
}
fragment Numbers on TrajectoryGroup {
  count satisfiedShare firstOverall bestOverall lastOverall gain variance rounds seconds editorSeconds thinkerTokens
}`

async function read(variables: Record<string, unknown>, reader = house.caller) {
  return (await house.api.get(reader, DOCUMENT, variables)).trajectoryStats
}

type Group = { keys: (string | null)[]; count: number }
async function counts(...groupBy: Record<string, string>[]): Promise<[...(string | null)[], number][]> {
  const { groups } = await read({ groupBy })
  return groups.map(({ keys, count }: Group) => [...keys, count])
}

describe('the numbers of a selection', () => {
  it('are those worked out by hand', async () => {
    // Scores: risen 4 9, fallen 6 6 5, single 9; without: unjudged (one picture), canceled (none).
    const { total } = await read({})
    expect(total).toEqual({
      ...{ count: 5, satisfiedShare: 0.4, rounds: 7 / 5, thinkerTokens: 12 },
      ...{ firstOverall: 19 / 3, bestOverall: 8, lastOverall: 23 / 3, gain: 5 / 3 },
      ...{ variance: expect.closeTo((6.25 + 2 / 9 + 0) / 3, 10), seconds: expect.any(Number) },
      editorSeconds: expect.closeTo((8 + 4.5 + 1.5 + 1) / 5, 10),
    })
  })

  it('are of what the filter leaves, and empty where it leaves nothing', async () => {
    const { total } = await read({ filter: { tags: ['sky'] } })
    expect(total).toMatchObject({ count: 2, satisfiedShare: 0.5, firstOverall: 5, bestOverall: 7.5, rounds: 2.5 })
    const none = await read({ filter: { or: [] }, groupBy: [{ field: 'KIND' }] })
    expect(none).toMatchObject({ total: { count: 0, satisfiedShare: null, gain: null, rounds: null }, groups: [] })
  })
})

describe('groups', () => {
  test.each<[string, (string | null | number)[][]]>([
    ['KIND', [['EDIT', 5]]],
    ['EDITOR', [['test-editor', 5]]],
    [
      'THINKER',
      [
        ['test-thinker', 4],
        [null, 1],
      ],
    ],
    [
      'STATUS',
      [
        ['SUCCEEDED', 4],
        ['CANCELED', 1],
      ],
    ],
    [
      'STOP_REASON',
      [
        ['MAX_ROUNDS', 2],
        ['SATISFIED', 2],
        ['CANCELED', 1],
      ],
    ],
    [
      'BATCH',
      [
        [null, 3],
        ['one', 1],
        ['two', 1],
      ],
    ],
    [
      'TAG',
      [
        [null, 3],
        ['sky', 2],
        ['night', 1],
      ],
    ],
    [
      'ROUNDS',
      [
        ['1', 2],
        ['0', 1],
        ['2', 1],
        ['3', 1],
      ],
    ],
  ])('by %s are the largest first', async (field, expected) => {
    // biome-ignore format: a pair a group
    expect(await counts({ field })).toEqual(expected)
  })

  it('by DAY are of the day of the end in UTC', async () => {
    const { finishedAt } = await house.trajectoryOf('canceled')
    expect((await counts({ field: 'DAY' })).map(([day]) => day)).toContain(finishedAt.slice(0, 10))
  })

  it('by a key of the metadata have its values as texts', async () => {
    expect(await counts({ metadataKey: 'suite' })).toEqual([
      [null, 3],
      ['test', 1],
      ['train', 1],
    ])
    const task = await counts({ metadataKey: 'task' })
    expect(task).toEqual([
      [null, 4],
      ['{"type": "color", "level": 2}', 1],
    ])
  })

  it('by two things have a key of each, and numbers of their own', async () => {
    const { groups } = await read({ groupBy: [{ field: 'STATUS' }, { metadataKey: 'suite' }] })
    const found = groups.find(({ keys }: Group) => keys[1] === 'train')
    expect(found).toMatchObject({
      keys: ['SUCCEEDED', 'train'],
      count: 1,
      satisfiedShare: 1,
      gain: 5,
      thinkerTokens: 20,
    })
    expect(groups).toHaveLength(4)
  })

  it('are at most a thousand, and it is said that there are more', async () => {
    const reader = await createCaller(house.api.db, 'READ')
    await writeTrajectories(house.api.db, reader.tenantId, MAX_GROUPS + 1)
    const perJob = 'update trajectory set batch = job_id::text where tenant_id = $1'
    await house.api.db.query(perJob, [reader.tenantId])
    const { groups, hasMoreGroups, total } = await read({ groupBy: [{ field: 'BATCH' }] }, reader)
    expect({ groups: groups.length, hasMoreGroups, count: total.count }).toEqual({
      ...{ groups: MAX_GROUPS, hasMoreGroups: true, count: MAX_GROUPS + 1 },
    })
    expect((await read({ groupBy: [{ field: 'KIND' }] }, reader)).hasMoreGroups).toBe(false)
  })
})

describe('a histogram', () => {
  const of = async (histogram: Record<string, unknown>, filter = {}) => (await read({ histogram, filter })).histogram

  it('cuts the numbers there are into equal bins, the highest in the last', async () => {
    expect(await of({ field: 'FIRST_OVERALL', bins: 5 })).toEqual({
      bins: [
        { from: 4, to: 5, count: 1 },
        { from: 5, to: 6, count: 0 },
        { from: 6, to: 7, count: 1 },
        { from: 7, to: 8, count: 0 },
        { from: 8, to: 9, count: 1 },
      ],
      ...{ below: 0, above: 0, missing: 2 },
    })
  })

  it('tells what lies outside of its ends', async () => {
    expect(await of({ field: 'ROUNDS', bins: 2, min: 1, max: 2 })).toEqual({
      bins: [
        { from: 1, to: 1.5, count: 2 },
        { from: 1.5, to: 2, count: 1 },
      ],
      ...{ below: 1, above: 1, missing: 0 },
    })
    const high = await of({ field: 'BEST_OVERALL', bins: 1, min: 100 })
    expect(high).toEqual({ bins: [{ from: 100, to: 100, count: 0 }], below: 3, above: 0, missing: 2 })
  })

  it('of equal numbers is one bin, and of none it has none', async () => {
    const satisfied = { stopReason: ['SATISFIED'] }
    const equal = { bins: [{ from: 9, to: 9, count: 2 }], below: 0, above: 0, missing: 0 }
    expect(await of({ field: 'LAST_OVERALL', bins: 10 }, satisfied)).toEqual(equal)
    const missing = { bins: [], below: 0, above: 0, missing: 1 }
    expect(await of({ field: 'GAIN', bins: 10 }, { status: ['CANCELED'] })).toEqual(missing)
    expect(await of({ field: 'GAIN', bins: 10 }, { or: [] })).toEqual({ ...missing, missing: 0 })
  })
})

test.each([
  ['groupBy', 'at most 2 items, not 3', { groupBy: Array(3).fill({ field: 'KIND' }) }],
  ['groupBy.0.metadataKey', '1 to 200 characters', { groupBy: [{ metadataKey: '' }] }],
  ['histogram.bins', '1 to 100, not 101', { histogram: { field: 'GAIN', bins: 101 } }],
  ['histogram.max', 'above min', { histogram: { field: 'GAIN', bins: 1, min: 1, max: 1 } }],
  ['filter.gain.lt', '1000000000000000', { filter: { gain: { lt: 1e16 } } }],
  ['asOf', 'not a cursor', { asOf: '' }],
])('a bad %s is refused with "%s"', async (field, message, variables) => {
  const { errors } = await house.api.run(house.caller, DOCUMENT, variables)
  expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field, message: expect.stringContaining(message) }])
})

test('another tenant counts nothing', async () => {
  const stranger = await createCaller(house.api.db, 'OPERATOR')
  const variables = { groupBy: [{ field: 'TAG' }], histogram: { field: 'ROUNDS', bins: 3 } }
  expect(await read(variables, stranger)).toMatchObject({
    ...{ total: { count: 0 }, groups: [], histogram: { bins: [], missing: 0 } },
  })
})

test('a place in the log counts what had ended by then', async () => {
  const { db } = house.api
  const reader = await createCaller(db, 'READ')
  const { asOf } = (await house.api.get(reader, '{ trajectories { asOf } }')).trajectories
  await writeTrajectories(db, reader.tenantId, 3)
  expect((await read({ asOf }, reader)).total.count).toBe(0)
  const later = await until('the safe place has come so far', async () => {
    const page = (await house.api.get(reader, '{ trajectories { asOf totalCount } }')).trajectories
    return page.totalCount === 3 ? page.asOf : null
  })
  expect((await read({ asOf: later }, reader)).total.count).toBe(3)
})
