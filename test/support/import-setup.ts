import type { Db } from '../../src/db.ts'
import { addCritique } from '../../src/jobs/add-critique.ts'
import { cancelJob } from '../../src/jobs/cancel-job.ts'
import { failStage } from '../../src/jobs/fail-stage.ts'
import { forkRound } from '../../src/jobs/fork-round.ts'
import { recordEdit } from '../../src/jobs/record-edit.ts'
import { recordUnreadable, recordVerdict } from '../../src/jobs/record-verdict.ts'
import { retryJob } from '../../src/jobs/retry-job.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './graphql.ts'
import { playJob } from './play-job.ts'
import { createCaller } from './seed.ts'
import {
  newJob,
  seedImage,
  seedModels,
  seedMoreModels,
  startJob,
  takeOne,
  testFiller,
  testGenerator,
  testThinker,
  verdict,
} from './stage-driver.ts'
import { hashesIn, linesOf } from './trajectory-lines.ts'

/** An API with a tenant `home` whose trajectories are of every kind and end; `lines`: as an export writes them. */
export type ImportSetup = {
  api: TestApi
  home: Caller
  lines: string[]
  /** A tenant of its own that has stored the pictures of all lines. */
  tenantWithPictures(): Promise<Caller>
  importInto(caller: Caller, items: object[]): Promise<ImportedItem[]>
  countOf(table: 'job' | 'trajectory', caller: Caller): Promise<number>
}

/** What became of an item. */
export type ImportedItem = { __typename: string; isNew?: boolean; job?: { id: string }; code?: string; field?: string }

export const IMPORT = `mutation($input: ImportTrajectoriesInput!) {
  importTrajectories(input: $input) {
    __typename
    ... on ImportTrajectoriesSuccess {
      trajectories {
        __typename
        ... on ImportTrajectorySuccess { isNew job { id } }
        ... on Error { code message } ... on InvalidInputError { field } ... on NotFoundError { field }
      }
    }
    ... on Error { code message } ... on InvalidInputError { field }
  }
}`

/** Lines as items of an import. */
export const toItems = (texts: readonly string[]) => texts.map(line => ({ record: JSON.parse(line) }))

export async function openImports(): Promise<ImportSetup> {
  const api = await openTestApi()
  await seedModels(api.db)
  await seedMoreModels(api.db)
  const home = await createCaller(api.db, 'WRITE')
  await fillHome(api.db, home.tenantId)
  const lines = await linesOf(api.db, home.tenantId)
  return {
    api,
    home,
    lines,
    async tenantWithPictures() {
      const caller = await createCaller(api.db, 'WRITE')
      for (const sha256 of hashesIn(lines)) await seedImage(api.db, caller.tenantId, sha256)
      return caller
    },
    async importInto(caller, items) {
      const { importTrajectories } = await api.get(caller, IMPORT, { input: { trajectories: items } })
      if (importTrajectories.trajectories === undefined) throw new Error(JSON.stringify(importTrajectories))
      return importTrajectories.trajectories
    },
    async countOf(table, caller) {
      const text = `select count(*) from ${table} where tenant_id = $1`
      return (await api.db.query<{ count: number }>(text, [caller.tenantId])).rows[0]?.count ?? 0
    },
  }
}

const failure = { kind: 'rejected', code: 'BAD', message: 'No.', retryAfterMs: null, endpointId: null } as const
const nothing = { semantic: null, quality: null, isSatisfied: null, refinedPrompt: null, reasoning: null }

/** By the transactions that make real ones: with candidates, a round 0, feedback, a fork and a retry. */
async function fillHome(db: Db, tenantId: string): Promise<void> {
  const tenant = { tenantId, imageId: await seedImage(db, tenantId) }
  const driver = { db, tenantId }
  const about = { tags: ['sky', 'é'], metadata: { b: 1e21, a: [0.1, null, { c: 'x' }] }, batch: 'b1', priority: 7 }
  const scores = [
    [4, 5],
    [9, 3.3],
    [1, 9],
  ] as const
  const scored = await playJob(db, tenant, scores, { ...about, seconds: 0.1 + 0.2 })
  const rounds = await roundsOf(db, scored)
  const author = { tenantId, keyName: 'ann' }
  await addCritique(db, author, { ...nothing, roundId: rounds[0] ?? '', semantic: 2, quality: 7 })
  await addCritique(db, author, { ...nothing, roundId: rounds[0] ?? '', reasoning: 'It is "dull".\n\u2028' })
  await forkRound(
    db,
    { tenantId },
    {
      ...{ roundId: rounds[1] ?? '', prompt: 'Redder', instruction: null, editor: null, thinker: null },
      ...{ settings: null, seed: null, idempotencyKey: null },
    },
  )
  await edit(driver)
  await judge(driver, 9)

  const candidates = newJob(tenant.imageId, { loop: { candidates: 2, maxRounds: 2, editFrom: 'PREVIOUS' } })
  await startJob(db, tenantId, candidates)
  for (const [first, second] of [
    [4, 5],
    [6, 7],
  ] as const) {
    await edit(driver)
    await edit(driver)
    await judge(driver, first)
    await judge(driver, second)
  }
  await startJob(db, tenantId, newJob(tenant.imageId, { loop: { firstRound: 'EVALUATE', maxRounds: 1 } }))
  await judge(driver, 3)
  await edit(driver)
  for (const _ of [1, 2, 3]) {
    const answer = { message: 'Not readable.', tokens: 5, by: testThinker, endpointId: null }
    await recordUnreadable(db, await takeOne(db, 'think'), answer)
  }
  const failed = await startJob(db, tenantId, newJob(tenant.imageId, { loop: { maxRounds: 1 } }))
  await failStage(db, await takeOne(db, 'edit'), failure)
  await retryJob(db, { tenantId, jobId: failed })
  await failStage(db, await takeOne(db, 'edit'), failure)
  for (const job of [
    newJob(tenant.imageId, { referenceIds: [await seedImage(db, tenantId), tenant.imageId] }),
    newJob(null, { kind: 'GENERATE', editor: testGenerator, size: { width: 64, height: 96 } }),
    newJob(tenant.imageId, { kind: 'FILL', editor: testFiller, maskId: await seedImage(db, tenantId) }),
  ]) {
    await cancelJob(db, { tenantId, jobId: await startJob(db, tenantId, job) })
  }
}

async function roundsOf(db: Db, jobId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select id from round where job_id = $1 order by index', [jobId])
  return rows.map(row => row.id)
}

type Driver = { db: Db; tenantId: string }

async function edit({ db, tenantId }: Driver): Promise<void> {
  const imageId = await seedImage(db, tenantId)
  await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1 / 3, endpointId: null })
}

async function judge({ db }: Driver, score: number): Promise<void> {
  const answer = { verdict: verdict(score, score), tokens: 10, by: testThinker, endpointId: null }
  await recordVerdict(db, await takeOne(db, 'think'), answer)
}
