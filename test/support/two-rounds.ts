// Jobs that any engine ends after two rounds: a thinker that is not satisfied by the first prompt and is by its own.

import sharp from 'sharp'
import { storePicture } from '../../src/images/store-image.ts'
import type { SeenChat } from './fake-thinker.ts'
import { noisePng } from './pictures.ts'
import type { newJob } from './stage-driver.ts'
import type { WorkerSetup } from './worker-setup.ts'

export const refinedPrompt = 'more of it'
export const polishedInstruction = 'polished words'
/** Width and height of every source in px. */
export const twoRoundsSize = [48, 32] as const

/** What a thinker says to a critique, in tags where these are asked for, or to a polish. */
export function sayTwoRounds({ body }: SeenChat): string {
  const text = body.messages.flatMap(({ content }) => content.map(part => part.text ?? '')).join('\n')
  if (text.includes('"Rewritten"')) return JSON.stringify({ Rewritten: polishedInstruction })
  const score = text.includes(refinedPrompt) ? 9 : 4
  const scores = { semantic: score, quality: score }
  if (text.includes('<answer>')) {
    return `<think>seen</think><score>${JSON.stringify(scores)}</score><answer>${refinedPrompt}</answer>`
  }
  const isSatisfied = score > 8
  const refined = isSatisfied ? null : refinedPrompt
  return JSON.stringify({ reason: 'seen', ...scores, is_satisfied: isSatisfied, new_rewritten_prompt: refined })
}

/** A tenant with a source of its own, half transparent, and a mask whose left half is white. */
export type TwoRoundsTenant = { tenantId: string; sourceId: string; maskId: string }

/** Makes one. */
export async function createTwoRoundsTenant(setup: WorkerSetup): Promise<TwoRoundsTenant> {
  const [width, height] = twoRoundsSize
  const tenantId = await setup.createTenant()
  const store = async (bytes: Buffer) => (await storePicture(setup.images, tenantId, bytes)).id
  const source = sharp(await noisePng(width, height)).ensureAlpha(0.5)
  const white = sharp({ create: { width: width / 2, height, channels: 3, background: '#ffffff' } })
  const mask = white.extend({ right: width / 2, background: '#000000' })
  return {
    tenantId,
    sourceId: await store(await source.png().toBuffer()),
    maskId: await store(await mask.png().toBuffer()),
  }
}

export type TwoRoundsKind = 'EDIT' | 'FILL' | 'GENERATE'

/** Submits a job of the kind, with the pictures that it takes; its id. A generation is of 1024 x 768 px. */
export async function submitTwoRounds(
  setup: WorkerSetup,
  { tenantId, sourceId, maskId }: TwoRoundsTenant,
  { kind, ...job }: { kind: TwoRoundsKind } & NonNullable<Parameters<typeof newJob>[1]>,
): Promise<string> {
  const pictures = kind === 'GENERATE' ? { size: { width: 1_024, height: 768 } } : { sourceId }
  return setup.submit(tenantId, { kind, ...pictures, ...(kind === 'FILL' && { maskId }), ...job })
}

/** A job's rounds: what the editor was asked, and the size in px of what it made. */
export async function readRounds(
  { images }: WorkerSetup,
  jobId: string,
): Promise<{ prompt: string; seed: number; width: number; height: number }[]> {
  const { rows } = await images.db.query<{ prompt: string; seed: number; width: number; height: number }>(
    `select r.prompt, r.seed, i.width, i.height from round r join image i on i.id = r.image_id
     where r.job_id = $1 order by r.index`,
    [jobId],
  )
  return rows
}
