import { createHash } from 'node:crypto'
import { storePicture } from '../../src/images/store-image.ts'
import type { FallbackReason, Rollout, RolloutBatch, ScoredBatch } from '../../src/rewards/score-rollouts.ts'
import { scoreRollouts } from '../../src/rewards/score-rollouts.ts'
import { type FakeEditor, startFakeEditor } from './fake-editor.ts'
import type { FakeBehavior } from './fake-model-server.ts'
import { type FakeThinker, startFakeThinker } from './fake-thinker.ts'
import { noisePng } from './pictures.ts'
import { silentLog } from './silent-log.ts'
import { fakeEditorModel, fakeFleet, fakeThinkerModel, openWorkers, type WorkerSetup } from './worker-setup.ts'

/** Two fake editors, a fake judge that scores all with 8 and 7, and a worker that drives them. */
export type RewardHouse = {
  setup: WorkerSetup
  judge: FakeThinker
  /** Fresh calls of both editors. */
  edits(): FakeEditor['edits'][number][]
  /** From now on both editors do so. */
  editorsDo(behavior: FakeBehavior): void
  /** A tenant with an image of its own. */
  createTenant(): Promise<{ tenantId: string; source: { id: string; sha256: string } }>
  score(tenantId: string, rollouts: Rollout[], more?: Partial<RolloutBatch>): Promise<ScoredBatch>
  jobsOf(tenantId: string): Promise<{ status: string; prompt: string; instruction: string; seed: number }[]>
  close(): Promise<void>
}

export async function openRewardHouse(): Promise<RewardHouse> {
  const setup = await openWorkers()
  const editors = await Promise.all([startFakeEditor(), startFakeEditor()])
  const judge = await startFakeThinker({ say: () => JSON.stringify({ reason: 'good', semantic: 8, quality: 7 }) })
  await setup.start(fakeFleet({ editors: editors.map(({ url }) => url), thinkers: [judge.url] }, { capacity: 1 }))
  const { db } = setup.images
  return {
    ...{ setup, judge },
    edits: () => editors.flatMap(({ edits }) => edits),
    editorsDo(behavior) {
      for (const editor of editors) editor.behave(behavior)
    },
    async createTenant() {
      const tenantId = await setup.createTenant()
      const bytes = await noisePng(24, 16)
      const { id } = await storePicture(setup.images, tenantId, bytes)
      return { tenantId, source: { id, sha256: createHash('sha256').update(bytes).digest('hex') } }
    },
    score: (tenantId, rollouts, more = {}) =>
      scoreRollouts({ db, log: silentLog }, { tenantId }, rolloutBatch(rollouts, more)),
    async jobsOf(tenantId) {
      const { rows } = await db.query<Awaited<ReturnType<RewardHouse['jobsOf']>>[number]>(
        `select job.status::text as status, round.prompt, job.instruction, round.seed
         from job join round on round.job_id = job.id where tenant_id = $1 order by job.id`,
        [tenantId],
      )
      return rows
    },
    async close() {
      await setup.close()
      await Promise.all([...editors, judge].map(server => server.close()))
    },
  }
}

/** A batch over the fake models with 20 s to go. */
export function rolloutBatch(rollouts: Rollout[], more: Partial<RolloutBatch> = {}): RolloutBatch {
  return {
    ...{ rollouts, editor: fakeEditorModel, judge: fakeThinkerModel, seed: 0, editorParameters: null },
    ...{ deadlineSeconds: 20, formula: 'CODE', weights: null, isStrict: false, skipAtLeast: null, batch: null },
    ...more,
  }
}

let prompts = 0

/** An answer in good form with a prompt of its own; it guesses 6 and 7 of a picture with 5 and 8. */
export function rollout(imageId: string, more: Partial<Rollout> & { prompt?: string } = {}): Rollout {
  const { prompt = `make it bluer, ${++prompts}`, ...rest } = more
  return {
    response: `<think>x</think><score>{"semantic": 6, "quality": 7}</score><answer>${prompt}</answer>`,
    originPrompt: 'a blue picture',
    originImage: { imageId },
    evaluation: { semantic: 5, quality: 8 },
    ...rest,
  }
}

/** Why each answer has the fallback; null: it has none. */
export function reasonsOf({ results }: ScoredBatch): (FallbackReason | null)[] {
  return results.map(({ fallback }) => fallback?.reason ?? null)
}
