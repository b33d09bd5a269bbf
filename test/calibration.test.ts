import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPreference } from '../src/feedback/add-preference.ts'
import { type CalibrationQuestion, readCalibration } from '../src/feedback/calibration.ts'
import { addCritique } from '../src/jobs/add-critique.ts'
import { defaultSettings } from '../src/loop/settings.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { roundsOf } from './support/feedback.ts'
import { playJob } from './support/play-job.ts'
import { seedModels, seedTenant, testEditor, testThinker } from './support/stage-driver.ts'

let database: TestDatabase
let tenant: { tenantId: string; imageId: string }

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  tenant = await seedTenant(database.db)
  // The thinker gives 2, 4, 6, 8 and 8, people 1, 4, 4 (of 3 and 5), 10 and nothing.
  const style = await play([2, 4], 'style')
  const colour = await play([6, 8, 8], 'colour')
  for (const [roundId, overall, reviewer] of [
    [style[0], 1, 'ann'],
    [style[1], 4, 'ann'],
    [colour[0], 3, 'ann'],
    [colour[0], 5, 'bob'],
    [colour[1], 10, 'bob'],
  ] as const) {
    await say(roundId ?? '', overall, reviewer)
  }
  for (const [chosenRoundId = '', by] of [
    [style[1], 'ann'],
    [style[0], 'bob'],
    [colour[1], 'ann'],
    [colour[2], 'bob'],
  ] as const) {
    const preference = { kind: 'PICK', chosenRoundId, rejectedRoundId: null, isTie: false, reasoning: null } as const
    await addPreference(database.db, { tenantId: tenant.tenantId, by }, preference)
  }
  await judge(style[0] ?? '', 2.5)
})
afterAll(() => database.drop())

async function play(overalls: number[], task: string): Promise<string[]> {
  const stop = { ...defaultSettings.stop, semanticAtLeast: 10 } // on to the last round
  const scores = overalls.map(overall => [overall, overall] as const)
  return await roundsOf(database.db, await playJob(database.db, tenant, scores, { metadata: { task }, loop: { stop } }))
}

async function say(roundId: string, overall: number, reviewer: string): Promise<void> {
  const scores = { semantic: overall, quality: overall, isSatisfied: null, reasoning: null, refinedPrompt: null }
  await addCritique(database.db, { tenantId: tenant.tenantId, keyName: 'the key', reviewer }, { roundId, ...scores })
}

async function judge(roundId: string, overall: number): Promise<void> {
  await database.db.query(
    `insert into critique (id, round_id, source, by, semantic, quality, overall)
     values (gen_random_uuid(), $1, 'JUDGE', 'a judge', $2, $2, $2)`,
    [roundId, overall],
  )
}

function ask(question: Partial<CalibrationQuestion> = {}, tenantId = tenant.tenantId) {
  const usual = { filter: {}, against: 'HUMAN', by: null, groupBy: null, metadataKey: null } as const
  return readCalibration(database.db, tenantId, { ...usual, ...question })
}

describe('calibration', () => {
  it("holds the thinker's scores against people's: correlations, bias, bins and picks", async () => {
    const [all, ...more] = await ask()
    expect(more).toEqual([])
    const { pearson, spearman, ...rest } = all ?? {}
    // About the means 5 and 4.75: 27 / sqrt(20 x 42.75); ranks 1 2 3 4 and 1 2.5 2.5 4: 4.5 / sqrt(5 x 4.5).
    expect(pearson).toBeCloseTo(27 / Math.sqrt(20 * 42.75), 12)
    expect(spearman).toBeCloseTo(4.5 / Math.sqrt(5 * 4.5), 12)
    expect(rest).toEqual({
      ...{ key: null, rounds: 4, bias: 0.25, meanAbsoluteDifference: 1.25, picks: 4, agreeingPicks: 2 },
      bins: [
        { from: 2, to: 3, rounds: 1, thinker: 2, others: 1 },
        { from: 4, to: 5, rounds: 1, thinker: 4, others: 4 },
        { from: 6, to: 7, rounds: 1, thinker: 6, others: 4 },
        { from: 8, to: 9, rounds: 1, thinker: 8, others: 10 },
      ],
    })
  })

  it('groups by editor, thinker and a metadata key, each with ranks of its own', async () => {
    const tasks = await ask({ groupBy: 'METADATA', metadataKey: 'task' })
    expect(tasks).toMatchObject([
      { key: 'colour', rounds: 2, bias: 0, meanAbsoluteDifference: 2, picks: 2, agreeingPicks: 1 },
      { key: 'style', rounds: 2, bias: 0.5, meanAbsoluteDifference: 0.5, picks: 2, agreeingPicks: 1 },
    ])
    for (const { spearman } of tasks) expect(spearman).toBeCloseTo(1, 12)
    expect(await ask({ groupBy: 'EDITOR' })).toMatchObject([{ key: testEditor, rounds: 4 }])
    expect(await ask({ groupBy: 'THINKER' })).toMatchObject([{ key: testThinker, rounds: 4 }])
    expect(await ask({ groupBy: 'METADATA', metadataKey: 'none' })).toMatchObject([{ key: null, rounds: 4 }])
  })

  it('is of one person, of judges, and of the trajectories that match', async () => {
    expect(await ask({ by: 'bob' })).toMatchObject([{ rounds: 2, bias: -0.5, picks: 2, agreeingPicks: 0 }])
    expect(await ask({ against: 'JUDGE' })).toMatchObject([
      { rounds: 1, bias: -0.5, pearson: null, spearman: null, picks: 4, bins: [{ from: 2, others: 2.5 }] },
    ])
    const filter = { metadata: [{ key: 'task', equals: 'style' }] }
    expect(await ask({ filter })).toMatchObject([{ rounds: 2, picks: 2 }])
  })

  it('puts a 10 into the last bin', async () => {
    const other = await seedTenant(database.db)
    const [roundId = ''] = await roundsOf(database.db, await playJob(database.db, other, [[10, 10]]))
    const scores = { semantic: 9, quality: 9, isSatisfied: null, reasoning: null, refinedPrompt: null }
    await addCritique(database.db, { tenantId: other.tenantId, keyName: 'the key' }, { roundId, ...scores })
    expect((await ask({}, other.tenantId))[0]?.bins).toEqual([{ from: 9, to: 10, rounds: 1, thinker: 10, others: 9 }])
  })

  it('has nothing where nobody scored or picked, nor of another tenant', async () => {
    expect(await ask({ by: 'nobody', filter: { batch: ['none'] } })).toEqual([])
    const { tenantId } = await seedTenant(database.db)
    expect(await ask({}, tenantId)).toEqual([])
  })
})
