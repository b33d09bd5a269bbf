import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPreference, type NewPreference } from '../src/feedback/add-preference.ts'
import { MAX_PREFERENCES, readJobPreferences, readRoundPreferences } from '../src/feedback/read-preferences.ts'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { roundsOf } from './support/feedback.ts'
import { playJob } from './support/play-job.ts'
import { newJob, seedImage, seedModels, seedTenant, startJob } from './support/stage-driver.ts'

let database: TestDatabase
let tenant: { tenantId: string; imageId: string }

beforeAll(async () => {
  database = await createTestDatabase()
  await seedModels(database.db)
  tenant = await seedTenant(database.db)
})
afterAll(() => database.drop())

const scores = [
  [4, 4],
  [6, 6],
] as const

async function playRounds(...job: Parameters<typeof playJob>[3][]): Promise<[string, string]> {
  const [first = '', second = ''] = await roundsOf(database.db, await playJob(database.db, tenant, scores, ...job))
  return [first, second]
}

function prefer(preference: Partial<NewPreference>, tenantId = tenant.tenantId): Promise<string> {
  const usual = { kind: 'PAIR', chosenRoundId: '', rejectedRoundId: null, isTie: false, reasoning: null } as const
  return addPreference(database.db, { tenantId, by: 'ann' }, { ...usual, ...preference })
}

async function countPreferences(): Promise<unknown> {
  return (await database.db.query('select count(*) from preference')).rows[0]
}

describe('a preference', () => {
  it('tells who chose which round, of one job or of two that were asked the same', async () => {
    const [first, second] = await playRounds()
    const [other] = await playRounds({ metadata: { task: 'style' } })
    const picked = await prefer({ kind: 'PICK', chosenRoundId: second, reasoning: 'sharper' })
    const paired = await prefer({ chosenRoundId: other, rejectedRoundId: second, isTie: true })
    const found = await readRoundPreferences(database.db, tenant.tenantId, [first, second, other])
    const pick = { kind: 'PICK', chosenRoundId: second, rejectedRoundId: null, isTie: false, reasoning: 'sharper' }
    const pair = { kind: 'PAIR', chosenRoundId: other, rejectedRoundId: second, isTie: true, reasoning: null }
    const written = { tenantId: tenant.tenantId, by: 'ann', createdAt: expect.any(Date) }
    expect(Object.fromEntries(found)).toEqual({
      [second]: [
        { ...written, ...pair, id: paired },
        { ...written, ...pick, id: picked },
      ],
      [other]: [{ ...written, ...pair, id: paired }],
    })
  })

  it('is read of a job once, though it names two of its rounds, and by its tenant alone', async () => {
    const jobId = await playJob(database.db, tenant, scores)
    const [first = '', second = ''] = await roundsOf(database.db, jobId)
    const id = await prefer({ chosenRoundId: first, rejectedRoundId: second })
    const { tenantId } = await seedTenant(database.db)
    const idsOf = async (reader: string) =>
      (await readJobPreferences(database.db, reader, [jobId])).get(jobId)?.map(preference => preference.id)
    expect(await idsOf(tenant.tenantId)).toEqual([id])
    expect(await idsOf(tenantId)).toBeUndefined()
  })

  it('is one of the newest that are read', async () => {
    const [first] = await playRounds()
    for (let n = 0; n < MAX_PREFERENCES; n++) await prefer({ kind: 'PICK', chosenRoundId: first })
    const last = await prefer({ kind: 'PICK', chosenRoundId: first })
    const found = (await readRoundPreferences(database.db, tenant.tenantId, [first])).get(first) ?? []
    expect(found).toHaveLength(MAX_PREFERENCES)
    expect(found[0]?.id).toBe(last)
  })

  it('is refused, and nothing is stored, where the rounds were not asked the same', async () => {
    const [first] = await playRounds()
    const image = await seedImage(database.db, tenant.tenantId)
    const before = await countPreferences()
    const others = [{ instruction: 'make it darker' }, { sourceId: image }, { referenceIds: [image] }]
    for (const other of others) {
      const [rejectedRoundId] = await playRounds(other)
      await expect(prefer({ chosenRoundId: first, rejectedRoundId })).rejects.toMatchObject({
        ...{ code: 'INVALID_INPUT', field: 'rejectedRoundId' },
      })
    }
    expect(await countPreferences()).toEqual(before)
  })

  it('is refused, and nothing is stored, for a round without a picture and one of another tenant', async () => {
    const jobId = await startJob(database.db, tenant.tenantId, newJob(tenant.imageId))
    const [empty = ''] = await roundsOf(database.db, jobId)
    await cancelJob(database.db, { tenantId: tenant.tenantId, jobId })
    const [first, second] = await playRounds()
    const { tenantId } = await seedTenant(database.db)
    const before = await countPreferences()
    await expect(prefer({ kind: 'PICK', chosenRoundId: empty })).rejects.toMatchObject({
      ...{ code: 'INVALID_INPUT', field: 'chosenRoundId' },
    })
    await expect(prefer({ chosenRoundId: first, rejectedRoundId: empty })).rejects.toMatchObject({
      ...{ code: 'INVALID_INPUT', field: 'rejectedRoundId' },
    })
    await expect(prefer({ chosenRoundId: first, rejectedRoundId: second }, tenantId)).rejects.toMatchObject({
      ...{ code: 'NOT_FOUND', field: 'chosenRoundId' },
    })
    expect(await countPreferences()).toEqual(before)
  })

  it('goes with the job of either round', async () => {
    const [first] = await playRounds()
    const jobId = await playJob(database.db, tenant, scores)
    const [rejectedRoundId = ''] = await roundsOf(database.db, jobId)
    await prefer({ chosenRoundId: first, rejectedRoundId })
    await deleteJob(database.db, { tenantId: tenant.tenantId, jobId })
    expect((await readRoundPreferences(database.db, tenant.tenantId, [first])).size).toBe(0)
  })
})
