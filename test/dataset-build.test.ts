import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { diffVersions } from '../src/datasets/diff-versions.ts'
import { countDeleted, listDeletions } from '../src/datasets/read-deletions.ts'
import { readSamples } from '../src/datasets/read-samples.ts'
import type { PairSample, StepSample, TrajectorySample } from '../src/datasets/sample.ts'
import { addPreference } from '../src/feedback/add-preference.ts'
import { addCritique } from '../src/jobs/add-critique.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { allSamples, type DatasetHouse, openDatasetHouse, pairRecipe, paperRecipe } from './support/dataset-house.ts'
import { seedModels } from './support/stage-driver.ts'

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

const read = (versionId: string) => readSamples(database.db, versionId, allSamples)

async function roundsOf(jobId: string) {
  const { rows } = await database.db.query<Record<string, string>>(
    `select r.id, c.id as critique, c.refined_prompt, i.sha256, i.object_key from round r
     join critique c on c.round_id = r.id and c.source = 'THINKER' join image i on i.id = r.image_id
     where r.job_id = $1 order by r.index`,
    [jobId],
  )
  return rows
}

describe('a version', () => {
  it("holds the paper's steps: what the thinker saw and answered", async () => {
    const jobId = await house.play([3, 5, 7], { metadata: { task: 'style' } })
    await house.play([7, 6])
    const versionId = await house.addVersion({ recipe: paperRecipe })
    await house.build(versionId)
    const samples = await read(versionId)
    const steps = samples.map(sample => sample.content as StepSample).sort((a, b) => a.index - b.index)
    const [first, second] = await roundsOf(jobId)
    expect(steps).toMatchObject([
      { kind: 'STEP', index: 1, prompt: 'make it brighter', scores: { semantic: 3, quality: 3, overall: 3 } },
      { kind: 'STEP', index: 2, prompt: first?.refined_prompt, scores: { overall: 5 }, bestIndex: 3 },
    ])
    expect(steps[0]).toMatchObject({
      ...{ instruction: 'make it brighter', task: 'style', thinker: 'test-thinker', editor: 'test-editor' },
      ...{ reasoning: 'as measured', refinedPrompt: first?.refined_prompt, subset: null, isFinal: false },
      edited: { sha256: first?.sha256, objectKey: first?.object_key, contentType: 'image/png', widthPx: 8 },
      source: { contentType: 'image/png' },
    })
    expect(samples.map(sample => sample.critiqueId).sort()).toEqual([first?.critique, second?.critique].sort())
    expect(samples.map(sample => sample.position)).toEqual([0, 1])
    expect(await house.versionOf(versionId)).toMatchObject({ status: 'READY', samples: 2 })
  })

  it('holds whole trajectories, or pairs of rounds', async () => {
    const jobId = await house.play([3, 8], { tags: ['sky'], metadata: { 'b c': [1] } })
    const plain = await house.addVersion()
    const preference = await house.addVersion({ recipe: pairRecipe })
    await house.build(plain)
    await house.build(preference)
    const [whole] = await read(plain)
    expect(whole).toMatchObject({ jobId, roundId: null, split: 'train' })
    expect(whole?.content as TrajectorySample).toMatchObject({
      ...{ kind: 'TRAJECTORY', jobKind: 'EDIT', status: 'SUCCEEDED', tags: ['sky'], metadata: { 'b c': [1] } },
      ...{ best: { index: 2, candidate: 0 }, references: [], mask: null },
      rounds: [
        { index: 1, parent: null, critiques: [{ source: 'THINKER', overall: 3 }] },
        { index: 2, parent: { index: 1, candidate: 0 }, picture: { contentType: 'image/png' } },
      ],
    })
    const [pair] = await read(preference)
    expect(pair?.content as PairSample).toMatchObject({
      ...{ kind: 'PAIR', decidedBy: 'SCORES', margin: 5, instruction: 'make it brighter' },
      chosen: { index: 2, scores: { overall: 8 }, picture: { contentType: 'image/png' } },
      rejected: { index: 1, scores: { overall: 3 }, prompt: 'make it brighter' },
    })
  })

  it("goes by a judge's scores where asked, as they had been given by then", async () => {
    const jobId = await house.play([3, 5])
    const judge = async (index: number, score: number) => {
      const [round] = (await roundsOf(jobId)).slice(index - 1)
      const nothing = { isSatisfied: null, refinedPrompt: null, reasoning: null }
      const author = { tenantId: house.tenantId, keyName: 'j' }
      const id = await addCritique(database.db, author, {
        ...{ ...nothing, roundId: round?.id ?? '', semantic: score, quality: score },
      })
      await database.db.query(`update critique set source = 'JUDGE' where id = $1`, [id])
    }
    await judge(1, 6)
    await judge(1, 8)
    await judge(2, 9)
    const versionId = await house.addVersion({ recipe: { ...pairRecipe, judge: 'j' } })
    await judge(2, 1)
    await house.build(versionId)
    const [pair] = await read(versionId)
    expect(pair?.content).toMatchObject({ margin: 2, chosen: { index: 2 }, rejected: { scores: { overall: 7 } } })
  })

  it('goes by what people had chosen by then', async () => {
    const jobId = await house.play([3, 8])
    const [worse, better] = await roundsOf(jobId)
    const author = { tenantId: house.tenantId, by: 'ann' }
    const choose = (chosenRoundId = '', rejectedRoundId = '') =>
      addPreference(database.db, author, {
        ...{ kind: 'PAIR', chosenRoundId, rejectedRoundId, isTie: false, reasoning: null },
      })
    await choose(worse?.id, better?.id)
    const versionId = await house.addVersion({ recipe: pairRecipe })
    await choose(better?.id, worse?.id)
    await choose(better?.id, worse?.id)
    await house.build(versionId)
    expect(await read(versionId)).toMatchObject([{ roundId: worse?.id, content: { decidedBy: 'HUMAN', margin: -5 } }])
  })

  it('takes the trajectories that match, and is empty with a report where none does', async () => {
    await house.play([3, 8])
    const versionId = await house.addVersion({ filter: { editor: ['nobody'] }, recipe: paperRecipe })
    await house.build(versionId)
    const ofNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    expect(await house.versionOf(versionId)).toMatchObject({
      ...{ status: 'READY', samples: 0, content_hash: ofNothing },
      funnel: expect.arrayContaining([expect.objectContaining({ name: 'match the filter', in: 0, kept: 0 })]),
    })
  })

  it('holds what had ended when it was asked for, though jobs end while it is built', async () => {
    const before = await house.play([5])
    const versionId = await house.addVersion()
    await house.play([6])
    await house.build(versionId)
    expect((await read(versionId)).map(sample => sample.jobId)).toEqual([before])
  })

  it('is the same when a killed builder left it half built', async () => {
    for (const score of [3, 4, 5]) await house.play([score, 9])
    const [first, second] = [
      await house.addVersion({ recipe: paperRecipe }),
      await house.addVersion({ recipe: paperRecipe }),
    ]
    await house.build(first)
    await house.take(second)
    await database.db.query(
      `insert into dataset_sample (version_id, position, hash, split, job_id, data)
       select $1, n, 'left over', 'train', gen_random_uuid(), 'null' from generate_series(0, 9) as n`,
      [second],
    )
    await house.build(second)
    const hashes = (await read(second)).map(sample => sample.hash)
    expect(hashes).toEqual((await read(first)).map(sample => sample.hash))
    expect(hashes).toEqual([...hashes].sort())
    const built = await house.versionOf(first)
    expect(await house.versionOf(second)).toMatchObject({ content_hash: built?.content_hash, samples: 3 })
  })

  it('has the same hash where the same work was done by others at another time', async () => {
    const hashes: unknown[] = []
    for (const recipe of [paperRecipe, paperRecipe, { ...paperRecipe, includeFinal: true }]) {
      house = await openDatasetHouse(database.db)
      const jobId = await house.play([3, 9])
      await database.db.query(
        `with source as (update image set sha256 = repeat('a', 64) where id = (select source_id from job where id = $1)),
         words as (update critique c set refined_prompt = 'refined ' || r.index from round r
           where r.id = c.round_id and r.job_id = $1),
         picture as (update image set sha256 = lpad(r.index::text, 64, '0') from round r
           where image.id = r.image_id and r.job_id = $1),
         trajectory as (update trajectory set source_sha256 = repeat('a', 64) where job_id = $1)
         update round set prompt = 'prompt ' || index where job_id = $1`,
        [jobId],
      )
      const versionId = await house.addVersion({ recipe })
      await house.build(versionId)
      hashes.push((await house.versionOf(versionId))?.content_hash)
    }
    expect(hashes[1]).toBe(hashes[0])
    expect(hashes[2]).not.toBe(hashes[0])
  })
})

describe('deleting a trajectory', () => {
  it('takes its samples from what a version gives, which lists them, and from later versions', async () => {
    const doomed = await house.play([3, 9])
    const kept = await house.play([4, 9])
    const first = await house.addVersion({ recipe: pairRecipe })
    await house.build(first)
    await deleteJob(database.db, { tenantId: house.tenantId, jobId: doomed })
    expect((await read(first)).map(sample => sample.jobId)).toEqual([kept])
    expect(await countDeleted(database.db, first)).toBe(1)
    expect(await listDeletions(database.db, { versionId: first, first: 10, after: null })).toEqual([
      { jobId: doomed, samples: 1 },
    ])
    await house.play([5, 9])
    const second = await house.addVersion({ recipe: pairRecipe })
    await house.build(second)
    const difference = { added: 1, removed: 1, kept: 1, removedByDeletion: 1 }
    expect(await diffVersions(database.db, { from: first, to: second })).toEqual(difference)
  })
})
