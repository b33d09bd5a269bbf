import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IMPORT, type ImportSetup, openImports, toItems } from './support/import-setup.ts'
import { seedImage } from './support/stage-driver.ts'

let setup: ImportSetup

beforeAll(async () => {
  setup = await openImports()
}, 60_000)
afterAll(() => setup.api.close())

describe('a bad record', () => {
  type Json = Record<string, unknown> & { rounds: Record<string, unknown>[] }
  const change = (set: object) => (record: Json) => Object.assign(record, set)
  const changeRound = (set: object) => (record: Json) => void Object.assign(record.rounds[0] ?? {}, set)
  const critique = { source: 'JUDGE', by: 'j', semantic: 4, quality: 9, overall: 6, tokens: 1 }
  const withCritiques = (...critiques: object[]) => changeRound({ critiques })

  it.each<[string, RegExp, (record: Json) => unknown]>([
    ['format', /must be "pentimento-trajectories"/, change({ format: 'other' })],
    ['version', /must be 1, the only version/, change({ version: 2 })],
    ['extra', /is not a field that is known here/, change({ extra: 1 })],
    ['instruction', /must have 1 to 8000 characters/, change({ instruction: '' })],
    ['instruction', /NUL/, change({ instruction: 'a\0b' })],
    ['editor', /must be of the type string/, change({ editor: 5 })],
    ['settings.maxRounds', /must be from 1 to 20, not 21/, change({ settings: { maxRounds: 21 } })],
    ['settings.speed', /is not a field/, change({ settings: { speed: 1 } })],
    ['status', /must be SUCCEEDED or FAILED or CANCELED/, change({ status: 'RUNNING' })],
    ['stopReason', /must be CANCELED where the status is CANCELED/, change({ status: 'CANCELED' })],
    ['error', /must be given where the status is FAILED/, change({ error: { code: 'X' } })],
    ['mask', /must not be given where the kind is EDIT/, change({ mask: { sha256: 'a'.repeat(64) } })],
    ['source', /must be given where the kind is EDIT/, change({ source: null })],
    ['source.sha256', /64 hexadecimal/, change({ source: { sha256: 'XYZ' } })],
    ['wantedWidthPx', /null unless the kind is GENERATE/, change({ wantedWidthPx: 64, wantedHeightPx: 64 })],
    ['wantedWidthPx', /must come with/, change({ wantedWidthPx: 64 })],
    ['finishedAt', /ISO 8601/, change({ finishedAt: 'yesterday' })],
    ['finishedAt', /years 1 to 9999/, change({ finishedAt: '0000-01-01T00:00:00Z' })],
    ['createdAt', /years 1 to 9999/, change({ createdAt: '9999-12-31T23:59:59-10:00' })],
    ['metadata', /16384 bytes/, change({ metadata: { a: 'x'.repeat(20_000) } })],
    ['best', /must name a round that has a picture/, change({ best: [7, 0] })],
    ['editorSeconds', /must be from 0/, change({ editorSeconds: -1 })],
    ['rounds', /at most 168/, record => change({ rounds: Array(169).fill(record.rounds[0]) })(record)],
    [
      'rounds.1.candidate',
      /another round with the index 1/,
      record => Object.assign(record.rounds[1] ?? {}, { index: 1 }),
    ],
    ['rounds.1.parent', /a lower index/, record => Object.assign(record.rounds[1] ?? {}, { parent: [3, 0] })],
    ['rounds.1.parent', /of this trajectory/, record => Object.assign(record.rounds[1] ?? {}, { parent: [1, 5] })],
    ['rounds.0.index', /must be from 0 to 20/, changeRound({ index: 21 })],
    ['rounds.0.status', /must be EDITED or/, changeRound({ status: 'PENDING' })],
    ['rounds.0.prompt', /must not be empty/, changeRound({ prompt: '' })],
    ['rounds.0.seed', /must be given/, changeRound({ seed: null })],
    ['rounds.0.seed', /from 0 to 2147483646, not 2147483647/, changeRound({ seed: 2_147_483_647 })],
    ['rounds.0.picture', /must be given where the status is CRITIQUED/, changeRound({ picture: null })],
    ['rounds.0.error', /FAILED, and only there/, changeRound({ error: { code: 'X' } })],
    ['rounds.0.critiques.0.semantic', /must be from 0 to 10, not 11/, withCritiques({ ...critique, semantic: 11 })],
    ['rounds.0.critiques.0.overall', /must be 6, the square root/, withCritiques({ ...critique, overall: 7 })],
    ['rounds.0.critiques.0.errorCode', /null where there are scores/, withCritiques({ ...critique, errorCode: 'X' })],
    [
      'rounds.0.critiques',
      /at most one critique of the source THINKER/,
      withCritiques({ ...critique, source: 'THINKER' }, { ...critique, source: 'THINKER' }),
    ],
  ])('is refused by its field: %s, %s', async (field, message, damage) => {
    const other = await setup.tenantWithPictures()
    const [good = { record: {} }, bad = { record: {} }] = toItems([setup.lines[1] ?? '', setup.lines[0] ?? ''])
    damage(bad.record)
    const outcomes = await setup.importInto(other, [bad, good])
    expect(outcomes).toMatchObject([
      { code: 'INVALID_INPUT', field: `trajectories.0.record.${field}`, message: expect.stringMatching(message) },
      { isNew: true },
    ])
    expect([await setup.countOf('job', other), await setup.countOf('trajectory', other)]).toEqual([1, 1])
  })

  it.each([
    ['no object', 'a text', 'trajectories.0.record'],
    ['null', null, 'trajectories.0.record'],
  ])('that is %s is refused', async (_, record, field) => {
    const answer = await setup.api.run(setup.home, IMPORT, { input: { trajectories: [{ record }] } })
    if (record === null) expect(answer.errors).toHaveLength(1)
    else expect(answer.data.importTrajectories.trajectories).toMatchObject([{ code: 'INVALID_INPUT', field }])
  })

  it('is refused for a picture that was not stored, and for a mask of another size', async () => {
    const other = await setup.tenantWithPictures()
    const record = JSON.parse(setup.lines[0] ?? '')
    record.rounds[2].picture.sha256 = 'a'.repeat(64)
    expect(await setup.importInto(other, [{ record }])).toMatchObject([
      { code: 'NOT_FOUND', field: 'trajectories.0.record.rounds.2.picture' },
    ])
    const filled = setup.lines.map(line => JSON.parse(line)).find(({ kind }) => kind === 'FILL')
    const large = `${v7()}${v7()}`.replaceAll('-', '')
    const largeId = await seedImage(setup.api.db, other.tenantId, large)
    await setup.api.db.query('update image set width = 9 where id = $1', [largeId])
    expect(await setup.importInto(other, [{ record: { ...filled, mask: { sha256: large } } }])).toMatchObject([
      { code: 'INVALID_INPUT', field: 'trajectories.0.record.mask' },
    ])
    expect(await setup.countOf('job', other)).toBe(0)
  })

  it('and too many labels or records are refused', async () => {
    const other = await setup.tenantWithPictures()
    const [item] = toItems(setup.lines)
    const tags = Array.from({ length: 49 }, (_, i) => `t${i}`)
    expect(
      await setup.importInto(other, [
        { ...item, tags },
        { ...item, batch: '' },
      ]),
    ).toMatchObject([
      { code: 'INVALID_INPUT', field: 'trajectories.0.tags' },
      { code: 'INVALID_INPUT', field: 'trajectories.1.batch' },
    ])
    for (const count of [0, 201]) {
      const input = { trajectories: Array(count).fill({ record: {} }) }
      expect((await setup.api.get(other, IMPORT, { input })).importTrajectories).toMatchObject({
        ...{ __typename: 'InvalidInputError', field: 'trajectories' },
        message: expect.stringMatching(/1 to 200 items/),
      })
    }
    expect(await setup.countOf('job', other)).toBe(0)
  })
})
