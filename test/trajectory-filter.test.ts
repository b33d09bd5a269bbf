import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { testEditor, testThinker } from './support/stage-driver.ts'
import {
  openTrajectories,
  singleSource,
  type TrajectoryHouse,
  trajectoriesDocument,
} from './support/trajectory-house.ts'

let house: TrajectoryHouse
beforeAll(async () => {
  house = await openTrajectories()
})
afterAll(() => house.api.close())

async function find(filter: Record<string, unknown>): Promise<string[]> {
  const found = await house.page({ filter })
  expect(found.totalCount).toBe(found.edges.length)
  return house.namesOf(found).sort()
}

const all = ['canceled', 'fallen', 'risen', 'single', 'unjudged']

describe('a filter', () => {
  test.each<[Record<string, unknown>, string[]]>([
    [{}, all],
    [{ status: ['CANCELED', 'FAILED'] }, ['canceled']],
    [{ status: [] }, []],
    [{ status: null, gain: null, and: null, not: null }, all],
    [{ stopReason: ['SATISFIED'] }, ['risen', 'single']],
    [{ kind: ['EDIT'] }, all],
    [{ kind: ['FILL', 'GENERATE'] }, []],
    [{ editor: [testEditor, 'another'] }, all],
    [{ editor: ['another'] }, []],
    [{ thinker: [testThinker] }, ['canceled', 'fallen', 'risen', 'single']],
    [{ batch: ['one', 'two'] }, ['fallen', 'risen']],
    [{ tags: ['sky'] }, ['fallen', 'risen']],
    [{ tags: ['night', 'sky'] }, ['risen']],
    [{ rounds: { gte: 2 } }, ['fallen', 'risen']],
    [{ rounds: { gt: 2, lte: 3 } }, ['fallen']],
    [{ firstOverall: { gte: 6 } }, ['fallen', 'single']],
    [{ bestOverall: { lt: 9 } }, ['fallen']],
    [{ lastOverall: { lte: 5 } }, ['fallen']],
    [{ gain: { gt: 0 } }, ['risen']],
    [{ gain: {} }, all],
    [{ variance: { gte: 0.2, lt: 0.3 } }, ['fallen']],
    [{ bestIndex: { lte: 1 } }, ['fallen', 'single', 'unjudged']],
    [{ seconds: { lt: 0 } }, []],
    [{ editorSeconds: { gte: 8 } }, ['risen']],
    [{ thinkerTokens: { gte: 30 } }, ['fallen']],
    [{ agreement: { gt: 0.7 } }, ['risen']],
    [{ hasHumanCritique: true }, ['risen']],
    [{ hasHumanCritique: false }, ['canceled', 'fallen', 'single', 'unjudged']],
    [{ metadata: [{ key: 'suite', equals: 'train' }] }, ['risen']],
    [{ metadata: [{ key: 'suite', exists: true }] }, ['fallen', 'risen']],
    [{ metadata: [{ key: 'suite', exists: false }] }, ['canceled', 'single', 'unjudged']],
    [{ metadata: [{ key: 'flagged', exists: true }] }, ['single']],
    [
      {
        metadata: [
          { key: 'task', equals: { level: 2 } },
          { key: 'suite', exists: true },
        ],
      },
      ['risen'],
    ],
    [{ metadata: [{ key: 'task', equals: { level: '2' } }] }, []],
    [{ instruction: 'storm' }, ['fallen', 'single']],
    [{ instruction: 'storm -rain' }, ['single']],
    [{ instruction: '"red car" or "blue house"' }, ['risen', 'single']],
    [{ instruction: `storm ${'-'.repeat(500)}rain` }, ['single']],
    [{ instruction: `storm ${'- <(!&|'.repeat(100)}rain` }, ['single']],
    [{ instruction: `storm--rain ${'-'.repeat(900)}` }, []],
    [{ instruction: "'; drop table trajectory --" }, []],
    [{ createdAfter: '2000-01-01T00:00:00+02:00', createdBefore: '9999-12-31T00:00:00Z' }, all],
    [{ createdBefore: '0001-01-01T00:00:00Z' }, []],
    [{ and: [{ rounds: { gte: 2 } }, { tags: ['night'] }] }, ['risen']],
    [{ and: [] }, all],
    [
      { or: [{ tags: ['night'] }, { rounds: { lte: 0 } }, { instruction: 'storms' }] },
      ['canceled', 'fallen', 'risen', 'single'],
    ],
    [{ or: [] }, []],
    [{ not: { gain: { gt: 0 } } }, ['canceled', 'fallen', 'single', 'unjudged']],
    [{ not: { gain: { lte: 0 } } }, ['canceled', 'risen', 'unjudged']],
    [{ not: { not: { gain: { lte: 0 } } } }, ['fallen', 'single']],
    [{ not: { batch: ['one'] } }, ['canceled', 'fallen', 'single', 'unjudged']],
    [
      { not: { metadata: [{ key: 'suite', equals: 'train' }] }, or: [{ rounds: { gte: 1 } }] },
      ['fallen', 'single', 'unjudged'],
    ],
    [
      { and: [{ or: [{ gain: { gte: 5 } }, { not: { bestOverall: { gte: 0 } } }] }, { status: ['SUCCEEDED'] }] },
      ['risen', 'unjudged'],
    ],
  ])('%j', async (filter, names) => {
    expect(await find(filter)).toEqual(names)
  })

  it('tells sources and moments apart', async () => {
    expect(await find({ sourceSha256: [singleSource] })).toEqual(['single'])
    const { finishedAt: middle } = await house.trajectoryOf('fallen')
    expect(await find({ finishedAfter: middle })).toEqual(['canceled', 'single', 'unjudged'])
    expect(await find({ finishedBefore: middle })).toEqual(['risen'])
  })

  test.each([
    ['first', '0 to 100, not 101', { first: 101 }],
    ['first', '0 to 100, not -1', { first: -1 }],
    ['filter.rounds.gte', 'whole number, not 1.5', { filter: { rounds: { gte: 1.5 } } }],
    ['filter.or.0.bestIndex.lt', '-2147483647 to 2147483647', { filter: { or: [{ bestIndex: { lt: 3e9 } }] } }],
    ['filter.and.1.not.gain.lt', '-1000000000000000', { filter: { and: [{}, { not: { gain: { lt: -1e16 } } }] } }],
    ['filter.tags', 'at most 50 items, not 51', { filter: { tags: Array(51).fill('t') } }],
    ['filter.editor.1', 'NUL', { filter: { editor: ['a', 'nul\0'] } }],
    ['filter.instruction', '1 to 1000 characters, not 0', { filter: { instruction: '' } }],
    ['filter.metadata.0', 'equals or whether it exists', { filter: { metadata: [{ key: 'suite' }] } }],
    [
      'filter.metadata.0.equals',
      'at most 10000 bytes',
      { filter: { metadata: [{ key: 'k', equals: 'x'.repeat(10_000) }] } },
    ],
    ['filter.sourceSha256.0', 'hexadecimal', { filter: { sourceSha256: ['abc'] } }],
    ['filter.createdAfter', 'years 1 to 9999', { filter: { createdAfter: '0000-01-01T00:00:00Z' } }],
    ['filter.or', 'at most 20 items, not 21', { filter: { or: Array(21).fill({}) } }],
    ['filter', 'at most 50 filters in all', { filter: { and: Array(20).fill({ or: [{}, {}] }) } }],
    ['filter.not.and.0.or.0.not', 'at most 5 deep', { filter: { not: { and: [{ or: [{ not: { not: {} } }] }] } } }],
    ['asOf', 'not a cursor', { asOf: 'yesterday' }],
    [
      'asOf',
      'not come to',
      { asOf: Buffer.from('1.99999999999.00000000-0000-0000-0000-000000000000.0').toString('base64url') },
    ],
  ])('with a bad %s is refused with "%s"', async (field, message, variables) => {
    const { data, errors } = await house.api.run(house.caller, trajectoriesDocument, variables)
    expect(data).toBeNull()
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field, message: expect.stringContaining(message) }])
  })
})
