import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { everyJobField } from './support/documents.ts'
import { type ImportedItem, type ImportSetup, openImports, toItems } from './support/import-setup.ts'
import { createCaller } from './support/seed.ts'
import { newJob, seedImage, startJob } from './support/stage-driver.ts'
import { hashesIn, linesOf } from './support/trajectory-lines.ts'

let setup: ImportSetup

beforeAll(async () => {
  setup = await openImports()
}, 60_000)
afterAll(() => setup.api.close())

describe('an import', () => {
  it('gives the same bytes when it is exported again', async () => {
    expect(setup.lines.length).toBe(8)
    const kinds = setup.lines.map(line => JSON.parse(line).kind)
    expect(new Set(kinds)).toEqual(new Set(['EDIT', 'GENERATE', 'FILL']))
    const other = await setup.tenantWithPictures()
    const outcomes = await setup.importInto(other, toItems(setup.lines))
    expect(outcomes).toEqual(
      setup.lines.map(() => ({ __typename: 'ImportTrajectorySuccess', isNew: true, job: { id: expect.any(String) } })),
    )
    expect(await linesOf(setup.api.db, other.tenantId)).toEqual(setup.lines)
  })

  it('makes the trajectories that the jobs had at setup.home', async () => {
    const other = await setup.tenantWithPictures()
    await setup.importInto(other, toItems(setup.lines))
    const derived = `select kind, status, stop_reason, editor, thinker, instruction, batch, tags, metadata, source_sha256,
        rounds, first_overall, best_overall, last_overall, gain, variance, best_index, seconds, editor_seconds,
        thinker_tokens, has_human_critique, agreement, steps, created_at, finished_at
      from trajectory where tenant_id = $1 order by job_id`
    const [theirs, ours] = [
      await setup.api.db.query(derived, [setup.home.tenantId]),
      await setup.api.db.query(derived, [other.tenantId]),
    ]
    expect(ours.rows).toEqual(theirs.rows)
    expect(ours.rows.some(row => row.has_human_critique)).toBe(true)
  })

  it('changes nothing the second time, whatever the labels', async () => {
    const other = await setup.tenantWithPictures()
    const first = await setup.importInto(other, toItems(setup.lines))
    const again = await setup.importInto(
      other,
      toItems(setup.lines).map(item => ({ ...item, batch: 'again', tags: ['x'] })),
    )
    expect(again).toEqual(first.map(outcome => ({ ...outcome, isNew: false })))
    expect(await linesOf(setup.api.db, other.tenantId)).toEqual(setup.lines)
  })

  it('of the same record by several at once makes one job', async () => {
    const other = await setup.tenantWithPictures()
    const items = toItems(setup.lines.slice(0, 1))
    const outcomes = (await Promise.all([1, 2, 3, 4].map(() => setup.importInto(other, items)))).flat()
    expect(new Set(outcomes.map(outcome => outcome.job?.id)).size).toBe(1)
    expect(outcomes.filter(outcome => outcome.isNew)).toHaveLength(1)
    expect(await setup.countOf('job', other)).toBe(1)
  })

  it('puts a batch and tags on what it makes', async () => {
    const other = await setup.tenantWithPictures()
    const [item] = toItems(setup.lines)
    await setup.importInto(other, [{ ...item, batch: 'old runs', tags: ['paper', 'sky'] }])
    const { rows } = await setup.api.db.query('select batch, tags from trajectory where tenant_id = $1', [
      other.tenantId,
    ])
    expect(rows).toEqual([{ batch: 'old runs', tags: ['sky', 'é', 'paper'] }])
  })

  it('keeps what a judge said, and how far the critics agree', async () => {
    const other = await setup.tenantWithPictures()
    const record = JSON.parse(setup.lines[0] ?? '')
    const judged = { source: 'JUDGE', by: 'gpt-4.1', semantic: 4, quality: 9, overall: 6, isSatisfied: null }
    const words = { errorCode: null, reasoning: 'Sharp.', refinedPrompt: null, tokens: 3 }
    record.rounds[1].critiques.push({ ...judged, ...words, createdAt: '2099-01-01T00:00:00+00:00' })
    await setup.importInto(other, [{ record }])
    expect((await linesOf(setup.api.db, other.tenantId)).map(line => JSON.parse(line))).toEqual([record])
    const { rows } = await setup.api.db.query('select agreement from trajectory where tenant_id = $1', [other.tenantId])
    expect(rows[0]?.agreement).not.toBe(null)
  })

  it('takes models that nobody here knows, and moments that nobody knows', async () => {
    const other = await setup.tenantWithPictures()
    const { createdAt: _, startedAt: __, finishedAt: ___, ...record } = JSON.parse(setup.lines[0] ?? '')
    const [outcome] = await setup.importInto(other, [{ record: { ...record, editor: 'gone-1', thinker: 'gone-2' } }])
    const document = `query($id: ID!) { job(id: $id) { ...JobFields } } ${everyJobField}`
    const { job } = await setup.api.get(other, document, { id: outcome?.job?.id })
    expect(job).toMatchObject({
      ...{ editor: { id: 'gone-1', kinds: [], isAvailable: false }, thinker: { id: 'gone-2' }, startedAt: null },
      ...{ createdAt: expect.stringMatching(/Z$/), finishedAt: job.createdAt, batch: 'b1', priority: 7 },
    })
  })

  it('of a run that ended before it began, by whose clock ever, took no time', async () => {
    const other = await setup.tenantWithPictures()
    const record = { ...JSON.parse(setup.lines[0] ?? ''), finishedAt: '2000-01-01T00:00:00Z' }
    await setup.importInto(other, [{ record }])
    const { rows } = await setup.api.db.query('select seconds from trajectory where tenant_id = $1', [other.tenantId])
    expect(rows).toEqual([{ seconds: 0 }])
  })

  it('is in the log, which ends the job and then tells what people said', async () => {
    const other = await setup.tenantWithPictures()
    const [outcome] = await setup.importInto(other, toItems(setup.lines.slice(0, 1)))
    const document = `query($jobId: ID!) { jobEvents(jobId: $jobId) {
      isFinal events { __typename seq ... on JobFinished { status stopReason } ... on RoundCritiqued { round { index } } }
    } }`
    const { jobEvents } = await setup.api.get(other, document, { jobId: outcome?.job?.id })
    const round = ['RoundStarted', 'RoundEdited', 'RoundCritiqued']
    expect(jobEvents.events.map((event: ImportedItem) => event.__typename)).toEqual([
      ...['JobQueued', 'JobStarted', ...round, ...round, ...round, 'JobFinished', 'CritiqueAdded', 'CritiqueAdded'],
    ])
    expect(jobEvents.isFinal).toBe(true)
  })

  it('is no job that the daily quota counts', async () => {
    const other = await setup.tenantWithPictures()
    await setup.api.db.query(`update tenant set quotas = '{"maxJobsPerDay": 1}' where id = $1`, [other.tenantId])
    expect((await setup.importInto(other, toItems(setup.lines))).every(outcome => outcome.isNew)).toBe(true)
    const sourceId = await seedImage(setup.api.db, other.tenantId)
    await startJob(setup.api.db, other.tenantId, newJob(sourceId))
    await expect(startJob(setup.api.db, other.tenantId, newJob(sourceId))).rejects.toThrow(/1 jobs a day/)
  })

  it('comes again after its job was deleted', async () => {
    const other = await setup.tenantWithPictures()
    await setup.importInto(other, toItems(setup.lines.slice(0, 1)))
    const { rows } = await setup.api.db.query<{ id: string }>('select id from job where tenant_id = $1', [
      other.tenantId,
    ])
    await deleteJob(setup.api.db, { tenantId: other.tenantId, jobId: rows[0]?.id ?? '' })
    expect(await setup.importInto(other, toItems(setup.lines.slice(0, 1)))).toMatchObject([{ isNew: true }])
  })
})

describe('tenants', () => {
  it("do not lend each other their pictures or see each other's imports", async () => {
    const other = await createCaller(setup.api.db, 'WRITE')
    const [outcome] = await setup.importInto(other, toItems(setup.lines.slice(0, 1)))
    expect(outcome).toMatchObject({ __typename: 'NotFoundError', field: 'trajectories.0.record.source' })
    const reader = await setup.tenantWithPictures()
    const [mine] = await setup.importInto(reader, toItems(setup.lines.slice(0, 1)))
    const document = 'query($id: ID!) { job(id: $id) { id } }'
    expect(await setup.api.get(other, document, { id: mine?.job?.id })).toEqual({ job: null })
    expect(await setup.countOf('job', other)).toBe(0)
    const reuse = `mutation($sha256: [String!]!) { reuseImages(sha256: $sha256) {
      ... on ReuseImagesSuccess { images { sha256 } } } }`
    const sha256 = hashesIn(setup.lines).slice(0, 2)
    expect((await setup.api.get(other, reuse, { sha256 })).reuseImages.images).toEqual([null, null])
    expect((await setup.api.get(reader, reuse, { sha256 })).reuseImages.images).toEqual(
      sha256.map(hash => ({ sha256: hash })),
    )
  })
})
