import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storePicture } from '../src/images/store-image.ts'
import type { Rollout, RolloutBatch } from '../src/rewards/score-rollouts.ts'
import { noisePng } from './support/pictures.ts'
import { openRewardHouse, type RewardHouse, reasonsOf, rollout } from './support/reward-house.ts'

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

describe('a batch of answers', () => {
  it('is edited with the refined prompts and judged by the origin prompt', async () => {
    const chats = house.judge.chats.length
    const { results, edits } = await score([one({ prompt: 'paint the sky blue' })])
    expect(edits).toBe(1)
    expect(results[0]).toMatchObject({ fallback: null, after: { semantic: 8, quality: 7 }, format: 1, accuracy: 0.9 })
    expect(results[0]?.overall).toBeCloseTo(0.825, 12)
    expect(await house.jobsOf(tenantId)).toEqual([
      { status: 'SUCCEEDED', prompt: 'paint the sky blue', instruction: 'a blue picture', seed: 0 },
    ])
    const edit = house.edits().at(-1)
    expect(edit?.fields).toMatchObject({ prompt: 'paint the sky blue', seed: '0' })
    expect(JSON.stringify(house.judge.chats.slice(chats))).toContain('a blue picture')
  })

  it('edits the same once, in the batch and in the next, though the answers differ elsewhere', async () => {
    const before = house.edits().length
    const same = one({ prompt: 'once' })
    const batch = [
      same,
      { ...same, evaluation: { semantic: 8, quality: 7 } },
      { ...same, response: ` ${same.response}` },
    ]
    const first = await score(batch)
    const again = await score(batch, { deadlineSeconds: 7 })
    expect(first.edits).toBe(1)
    expect(house.edits().length - before).toBe(1)
    expect(new Set([...first.results, ...again.results].map(({ jobId }) => jobId)).size).toBe(1)
    expect(first.results.map(({ overall }) => overall)).toEqual([0.825, 0.75, 0.825].map(near))
    expect(await house.jobsOf(tenantId)).toHaveLength(1)
  })

  it('edits again for another seed, image, prompt or instruction', async () => {
    const before = house.edits().length
    const same = one({ prompt: 'again' })
    const other = (await storePicture(house.setup.images, tenantId, await noisePng(16, 16))).id
    await score([same, { ...same, originImage: { imageId: other } }, { ...same, originPrompt: 'a red one' }])
    await score([same], { seed: 1 })
    expect(house.edits().length - before).toBe(4)
  })

  it('shares an edit that is under way with a batch that comes at the same time', async () => {
    const before = house.edits().length
    const batch = Array.from({ length: 6 }, (_, i) => one({ prompt: `shared ${i}` }))
    const both = await Promise.all([score(batch), score(batch)])
    expect(both.map(reasonsOf)).toEqual([batch.map(() => null), batch.map(() => null)])
    expect(house.edits().length - before).toBe(6)
  })

  it('finds the image by the hash of its bytes', async () => {
    expect(reasonsOf(await score([one({ originImage: { sha256: source.sha256 } })]))).toEqual([null])
  })

  it('is not held back by what is wrong with some', async () => {
    const batch = [
      one({ response: 'no tags' }),
      one({ prompt: ' ' }),
      one({ evaluation: null }),
      one({ evaluation: { semantic: 11, quality: 3 } }),
      one({ originImage: null }),
      one({ originImage: { sha256: 'f'.repeat(64) } }),
      one({ originPrompt: '' }),
      one({ prompt: 'a NUL \0 and half a pair \ud800' }),
      one(),
    ]
    const scored = await score(batch)
    expect(reasonsOf(scored)).toEqual([
      ...['FORMAT', 'FORMAT', 'SKIPPED', 'SKIPPED', 'EDIT_FAILED', 'EDIT_FAILED', 'EDIT_FAILED'],
      ...[null, null],
    ])
    expect(scored.results.slice(0, 2).map(({ overall }) => overall)).toEqual([0.2, 0.79].map(near))
  })

  it('skips the edit of a picture that is good enough already, where that is wanted', async () => {
    const batch = [one({ evaluation: { semantic: 9, quality: 9 } }), one({ evaluation: tens(8) })]
    const scored = await score(batch, { skipAtLeast: 8.5 })
    expect(reasonsOf(scored)).toEqual(['SKIPPED', null])
    expect(scored.results[0]?.overall).toBeCloseTo(0.5 + 0.1 * (1 - 6.5 / 10) + 0.2, 12)
  })

  it('tells an edit that fails from a judge that cannot be read', async () => {
    house.editorsDo({ does: 'refuse', status: 400 })
    const failed = await score([one()])
    expect(reasonsOf(failed)).toEqual(['EDIT_FAILED'])
    expect(failed.results[0]?.overall).toBeCloseTo(0.79, 12)
    house.editorsDo({ does: 'answer' })
    house.judge.behave({
      does: 'nonsense',
      body: '{"choices": [{"message": {"content": "lovely"}, "finish_reason": "stop"}]}',
    })
    expect(reasonsOf(await score([one()]))).toEqual(['JUDGE_FAILED'])
  })

  it('makes an edit anew that came to nothing before', async () => {
    const same = one()
    house.editorsDo({ does: 'refuse', status: 400 })
    expect(reasonsOf(await score([same]))).toEqual(['EDIT_FAILED'])
    house.editorsDo({ does: 'answer' })
    expect(reasonsOf(await score([same]))).toEqual([null])
  })

  it('counts the paper and the mixed form too', async () => {
    const weights = { format: 0.2, critic: 0.3, edit: 0.5, scoreRange: 10 }
    const { results } = await score([one({ evaluation: tens(5) })], { formula: 'PAPER', weights })
    const [guessed, made] = [Math.sqrt(42), Math.sqrt(56)]
    expect(results[0]?.overall).toBeCloseTo(0.2 - 0.3 * (guessed - 5) + 0.5 * (made - 5), 12)
    expect(results[0]?.paperTotal).toBe(results[0]?.overall)
  })
})

function tens(value: number) {
  return { semantic: value, quality: value }
}

function near(value: number): number {
  return expect.closeTo(value, 12)
}
