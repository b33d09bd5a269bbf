import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type EventPosition, NIL_JOB } from '../src/events/event-cursor.ts'
import { readSafePosition } from '../src/events/read-tenant-events.ts'
import { addCritique, recordFeedback } from '../src/jobs/add-critique.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { lockJob } from '../src/jobs/job-row.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { findMigrationsFolder, readMigrations } from '../src/migrate.ts'
import { sql } from '../src/sql.ts'
import { copyTrajectoryRecords, readTrajectoryRecords } from '../src/trajectories/trajectory-record.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { roundsOf } from './support/feedback.ts'
import { playJob } from './support/play-job.ts'
import { newJob, seedModels, seedTenant, startJob, takeOne } from './support/stage-driver.ts'
import { until } from './support/until.ts'
import { writeTrajectories } from './support/write-trajectories.ts'

let database: TestDatabase
let tenant: { tenantId: string; imageId: string }

beforeEach(async () => {
  await database?.drop()
  database = await createTestDatabase()
  await seedModels(database.db)
  tenant = await seedTenant(database.db)
})
afterAll(() => database.drop())

const now = async (): Promise<EventPosition> => (await readSafePosition(database.db)).end

/** The lines of these jobs, in that order. */
async function read(jobIds: readonly string[], asOf: EventPosition): Promise<string[]> {
  const lines = await database.db.transaction(tx => readTrajectoryRecords(tx, samplesOf(jobIds), asOf))
  return lines.map(({ json }) => json)
}

const samplesOf = (jobIds: readonly string[]) => sql`
  select position::int - 1 as position, '' as hash, '' as split, job_id
  from unnest(${jobIds}::uuid[]) with ordinality as s(job_id, position)`

async function keptOf(jobIds: readonly string[]): Promise<number> {
  const { rows } = await database.db.query<{ count: number }>(
    'select count(*) from trajectory_record where job_id = any($1)',
    [jobIds],
  )
  return rows[0]?.count ?? 0
}

const criticsIn = (line: string | undefined): string[] =>
  JSON.parse(line ?? '').rounds.flatMap(({ critiques }: { critiques: { source: string }[] }) =>
    critiques.map(({ source }) => source),
  )

const scores: [number, number][] = [
  [4, 4],
  [9, 4],
]
const played = () => playJob(database.db, tenant, scores, { metadata: { "it's": '"quoted"' } })

describe('the line of a trajectory', () => {
  it('is kept when it is first read, and is the same bytes from then on', async () => {
    const jobId = await played()
    const asOf = await now()
    expect(await keptOf([jobId])).toBe(0)
    const made = await read([jobId], asOf)
    expect(await keptOf([jobId])).toBe(1)
    expect(await read([jobId], asOf)).toEqual(made)
    expect(made).toHaveLength(1)
    const sample = sql`select 0 as position, '' as hash, '' as split, ${jobId}::uuid as job_id`
    const copied = await database.db.transaction(tx => copyTrajectoryRecords(tx, sample, asOf))
    expect(copied.map(({ position, line }) => [position, line.toString()])).toEqual([[0, made[0]]])
    expect(JSON.parse(made[0] ?? '').metadata).toEqual({ "it's": '"quoted"' })
  })

  it('has the feedback that came after it was kept, and none for a reader of the time before', async () => {
    const jobId = await played()
    const before = await now()
    const kept = await read([jobId], before)
    const [roundId = ''] = await roundsOf(database.db, jobId)
    const opinion = { semantic: 2, quality: 3, isSatisfied: null, reasoning: 'too dark', refinedPrompt: null }
    await addCritique(database.db, { tenantId: tenant.tenantId, keyName: 'ann' }, { roundId, ...opinion })
    expect(criticsIn((await read([jobId], await now()))[0])).toEqual(['THINKER', 'HUMAN', 'THINKER'])
    expect(await read([jobId], before)).toEqual(kept)
  })

  it('is not kept of a trajectory with feedback', async () => {
    const jobId = await played()
    const [roundId = ''] = await roundsOf(database.db, jobId)
    const opinion = { semantic: 2, quality: 3, isSatisfied: null, reasoning: null, refinedPrompt: null }
    await addCritique(database.db, { tenantId: tenant.tenantId, keyName: 'ann' }, { roundId, ...opinion })
    expect(criticsIn((await read([jobId], await now()))[0])).toContain('HUMAN')
    expect(await keptOf([jobId])).toBe(0)
  })

  it('is given once for each sample, also where several are of one trajectory', async () => {
    const jobId = await played()
    const asOf = await now()
    const made = await read([jobId, jobId], asOf)
    expect(made).toHaveLength(2)
    expect(await read([jobId, jobId], asOf)).toEqual(made)
  })

  it('has the feedback that was being written while the server was brought to keep lines', async () => {
    const { db } = database
    const jobId = await played()
    await read([jobId], await now())
    const [roundId = ''] = await roundsOf(db, jobId)
    const opinion = { semantic: 2, quality: 3, isSatisfied: null, reasoning: null, refinedPrompt: null }
    const migrations = await readMigrations(findMigrationsFolder())
    const script = migrations.find(({ name }) => name.endsWith('_trajectory_feedback'))?.script ?? ''
    const migrating = await db.transaction(async tx => {
      await lockJob(tx, jobId)
      await recordFeedback(tx, jobId, 'ann', [{ roundId, ...opinion }])
      await tx.query('update trajectory set has_feedback = false') // as the trigger of before leaves it
      const isApplied = db.transaction(async other => await other.query(script))
      await until('the migration waits', async () => {
        const { rows } = await db.query("select from pg_locks where not granted and relation = 'trajectory'::regclass")
        return rows.length > 0
      })
      return { isApplied }
    })
    await migrating.isApplied
    expect(criticsIn((await read([jobId], await now()))[0])).toContain('HUMAN')
  })

  it('goes with its job', async () => {
    const jobId = await played()
    await read([jobId], await now())
    await deleteJob(database.db, { tenantId: tenant.tenantId, jobId })
    expect(await keptOf([jobId])).toBe(0)
    expect(await read([jobId], await now())).toEqual([])
  })

  it('is made anew after a retry, and is missing for a reader of the time before', async () => {
    const { tenantId, imageId } = tenant
    const failure = {
      kind: 'rejected',
      code: 'BAD_INPUT',
      message: 'No.',
      retryAfterMs: null,
      endpointId: null,
    } as const
    const jobId = await startJob(database.db, tenantId, newJob(imageId, { loop: { maxRounds: 1 } }))
    await failStage(database.db, await takeOne(database.db, 'edit'), failure)
    const before = await now()
    const [first = ''] = await read([jobId], before)
    await retryJob(database.db, { tenantId, jobId })
    expect(await keptOf([jobId])).toBe(0)
    await failStage(database.db, await takeOne(database.db, 'edit'), failure)
    const [second = ''] = await read([jobId], await now())
    expect(JSON.parse(first).run).toBe(1)
    expect(JSON.parse(second).run).toBe(2)
    expect(await read([jobId], before)).toEqual([])
  })

  it('is looked up by its job, also by a plan that was made before any was kept', async () => {
    const { db } = database
    await writeTrajectories(db, tenant.tenantId, 300)
    await db.query('analyze')
    const asOf = { epoch: 2, xid: 0n, jobId: NIL_JOB, seq: 0 } // these were written without events
    const { rows: jobs } = await db.query<{ id: string }>('select job_id as id from trajectory order by 1')
    const pageAt = (from: number) => samplesOf(jobs.slice(from, from + 100).map(({ id }) => id))
    const read = await db.transaction(async tx => {
      for (const from of [0, 100, 200, 0]) expect(await readTrajectoryRecords(tx, pageAt(from), asOf)).toHaveLength(100)
      const { rows } = await tx.query<{ rows: number }>(
        "select seq_tup_read as rows from pg_stat_xact_user_tables where relname = 'trajectory_record'",
      )
      return rows[0]?.rows
    })
    expect(read).toBe(0)
  })

  it('is kept once by readers that go through the same trajectories in opposite orders', async () => {
    await writeTrajectories(database.db, tenant.tenantId, 300)
    const { rows } = await database.db.query<{ id: string }>('select job_id as id from trajectory order by 1')
    const ids = rows.map(({ id }) => id)
    const backwards = ids.toReversed()
    const asOf = { epoch: 2, xid: 0n, jobId: NIL_JOB, seq: 0 } // these were written without events
    const read4 = await Promise.all([ids, backwards, ids, backwards].map(each => read(each, asOf)))
    for (const [index, lines] of read4.entries()) {
      expect(lines).toEqual(index % 2 === 0 ? read4[0] : read4[0]?.toReversed())
    }
    expect(read4[0]).toHaveLength(300)
    expect(await keptOf(ids)).toBe(300)
  })
})
