import { buildVersion } from '../../src/datasets/build-version.ts'
import { createDataset } from '../../src/datasets/create-dataset.ts'
import { createVersion, type NewVersion } from '../../src/datasets/create-version.ts'
import type { PlainRecipe, PreferenceRecipe, ThinkEditRecipe } from '../../src/datasets/recipe.ts'
import type { Db } from '../../src/db.ts'
import { defaultSettings } from '../../src/loop/settings.ts'
import { playJob } from './play-job.ts'
import { seedImage, seedTenant } from './stage-driver.ts'

/** The recipes with every default. */
export const paperRecipe: ThinkEditRecipe = {
  ...{ kind: 'think-edit', judge: null, taskKey: 'task', includeFinal: false, variance: null, subset: 'ALL' },
  balance: { taskShares: null, scoreShares: null, maxPerCell: null },
}
export const pairRecipe: PreferenceRecipe = {
  ...{ kind: 'preference', judge: null, taskKey: 'task', minMargin: 1, useHuman: true, maxPairsPerJob: null },
}
export const plainRecipe: PlainRecipe = { kind: 'plain' }

// Every score is played, also one that would end the job.
const neverSatisfied = { stop: { ...defaultSettings.stop, semanticAtLeast: 11, qualityAtLeast: 11 } }

/** All samples of a version. */
export const allSamples = { from: 0, to: 1_000_000 }

type VersionRow = { status: string; samples: number; content_hash: string; owner: string | null; number: number }

/** A tenant with a dataset of its own, and what tests do with it. */
export type DatasetHouse = {
  tenantId: string
  datasetId: string
  /** A finished job with a source of its own and rounds of these scores, 0 to 10; returns its id. */
  play(scores: readonly number[], job?: Parameters<typeof playJob>[3]): Promise<string>
  /** A version that nobody builds yet. */
  addVersion(version?: Partial<NewVersion>): Promise<string>
  /** Makes a builder of nobody's the owner, as a claim does. */
  take(versionId: string): Promise<string>
  /** Takes the version and builds it to its end. */
  build(versionId: string): Promise<void>
  versionOf(versionId: string): Promise<VersionRow | undefined>
}

/** Needs `seedModels`. */
export async function openDatasetHouse(db: Db): Promise<DatasetHouse> {
  const { tenantId } = await seedTenant(db)
  const datasetId = await createDataset(db, { tenantId, name: 'd', description: null })
  const splits = { shares: { train: 1 }, seed: '' }

  return {
    tenantId,
    datasetId,
    async play(scores, job = {}) {
      const imageId = await seedImage(db, tenantId)
      const rounds = scores.map(score => [score, score] as const)
      return await playJob(db, { tenantId, imageId }, rounds, { ...job, loop: { ...neverSatisfied, ...job.loop } })
    },
    addVersion: version =>
      createVersion(db, { tenantId, datasetId, filter: {}, recipe: plainRecipe, splits, by: 'test', ...version }),
    take: versionId => takeVersion(db, versionId),
    build: versionId => buildNow(db, versionId),
    async versionOf(versionId) {
      const { rows } = await db.query<VersionRow>('select * from dataset_version where id = $1', [versionId])
      return rows[0]
    },
  }
}

/** Takes the version and builds it to its end, as a process in the background does. */
export async function buildNow(db: Db, versionId: string): Promise<void> {
  const owner = await takeVersion(db, versionId)
  await buildVersion(db, { id: versionId, owner, signal: new AbortController().signal })
}

async function takeVersion(db: Db, versionId: string): Promise<string> {
  const { rows } = await db.query<{ owner: string }>(
    `update dataset_version set owner = gen_random_uuid(), lease_until = clock_timestamp() + interval '15 s'
     where id = $1 returning owner`,
    [versionId],
  )
  return rows[0]?.owner ?? ''
}
