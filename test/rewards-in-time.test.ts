import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { type Rollout, type RolloutBatch, scoreRollouts } from '../src/rewards/score-rollouts.ts'
import { openRewardHouse, type RewardHouse, reasonsOf, rollout, rolloutBatch } from './support/reward-house.ts'
import { silentLog } from './support/silent-log.ts'
import { until } from './support/until.ts'

let house: RewardHouse
let tenantId: string
let source: { id: string; sha256: string }

beforeAll(async () => {
  house = await openRewardHouse()
})

afterAll(() => house?.close())

beforeEach(async () => {
  house.editorsDo({ does: 'answer' })
  house.judge.behave({ does: 'answer' })
  ;({ tenantId, source } = await house.createTenant())
})

const one = (more: Parameters<typeof rollout>[1] = {}) => rollout(source.id, more)
const score = (rollouts: Rollout[], more?: Partial<RolloutBatch>) => house.score(tenantId, rollouts, more)

describe('the deadline', () => {
  it('gives what is there, the fallback to the rest, and cancels it', async () => {
    house.editorsDo({ does: 'answer', delayMs: 400 })
    const batch = Array.from({ length: 40 }, () => one())
    const scored = await score(batch, { deadlineSeconds: 2 })
    const late = scored.results.filter(({ fallback }) => fallback !== null)
    expect(late.length).toBeGreaterThan(0)
    expect(late.length).toBeLessThan(40)
    expect(new Set(reasonsOf(scored))).toEqual(new Set([null, 'TIMEOUT']))
    expect(late.every(({ overall }) => Math.abs(overall - 0.79) < 1e-9)).toBe(true)
    const open = async () =>
      (await house.jobsOf(tenantId)).filter(({ status }) => status === 'QUEUED' || status === 'RUNNING')
    await until('the rest is canceled', async () => (await open()).length === 0)
  })

  it('leaves an edit alone for which another batch waits longer', async () => {
    house.editorsDo({ does: 'answer', delayMs: 1_500 })
    const same = one()
    const [short, long] = await Promise.all([
      score([same], { deadlineSeconds: 1 }),
      score([same], { deadlineSeconds: 20 }),
    ])
    expect([reasonsOf(short), reasonsOf(long)]).toEqual([['TIMEOUT'], [null]])
  })

  it('comes though no editor answers and the database hangs', async () => {
    house.editorsDo({ does: 'hang' })
    const hanging = { ...house.setup.images.db, query: () => new Promise<never>(() => {}) }
    const batch = rolloutBatch([one()], { deadlineSeconds: 1 })
    const scored = await scoreRollouts({ db: hanging, log: silentLog }, { tenantId }, batch)
    expect(reasonsOf(scored)).toEqual(['TIMEOUT'])
    expect(reasonsOf(await score([one()], { deadlineSeconds: 1 }))).toEqual(['TIMEOUT'])
  })

  it('is not waited for where a job is canceled by somebody', async () => {
    house.editorsDo({ does: 'hang' })
    const scoring = score([one()])
    const jobId = await until('the job is there', async () => {
      const { rows } = await house.setup.images.db.query<{ id: string }>('select id from job where tenant_id = $1', [
        tenantId,
      ])
      return rows[0]?.id
    })
    await cancelJob(house.setup.images.db, { tenantId, jobId })
    expect(reasonsOf(await scoring)).toEqual(['EDIT_FAILED'])
  })
})

describe('tenants', () => {
  it('neither see the images nor share the edits of another', async () => {
    const stranger = await house.setup.createTenant()
    const same = one()
    const byHash = one({ originImage: { sha256: source.sha256 } })
    expect(reasonsOf(await house.score(stranger, [same, byHash]))).toEqual(['EDIT_FAILED', 'EDIT_FAILED'])
    expect(await house.jobsOf(stranger)).toEqual([])
  })

  it('are refused a batch that passes their quota, and nothing goes on', async () => {
    await house.setup.images.db.query(`update tenant set quotas = '{"maxUnfinishedJobs": 2}' where id = $1`, [tenantId])
    await expect(score([one(), one(), one()])).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', limit: 2 })
    expect(await house.jobsOf(tenantId)).toEqual([])
  })

  it('are refused an unknown model and a parameter that the editor does not take', async () => {
    await expect(score([one()], { judge: 'nobody' })).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' })
    await expect(score([one()], { editorParameters: { steps: 3 } })).rejects.toMatchObject({
      field: 'editorParameters.steps',
    })
    expect(await house.jobsOf(tenantId)).toEqual([])
  })
})
