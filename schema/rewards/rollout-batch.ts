// What the mutation and POST /rewards both take.

import { z } from 'zod'
import type { ImageReference } from '../../src/rewards/find-origin-images.ts'
import type { RolloutBatch } from '../../src/rewards/score-rollouts.ts'
import { toUuid } from '../global-id.ts'
import { MAX_SEED, modelIdRule, optional } from '../jobs/edit-input.ts'
import { intFrom, jsonOf, numberFrom, textOf } from '../parse-input.ts'

/** How many answers one batch may hold. */
export const MAX_ROLLOUTS = 1_024
/** The longest that a batch may be waited for, in seconds. */
export const MAX_DEADLINE_SECONDS = 600
const MAX_PARAMETER_BYTES = 65_536

const rolloutRule = z
  .strictObject({
    response: z.string(),
    originPrompt: z.string(),
    previousPrompt: z.string().nullish(),
    originImage: z.string(),
    evaluation: optional(z.object({ semantics: z.number(), quality: z.number() })),
  })
  .transform(({ response, originPrompt, originImage, evaluation }) => ({
    response,
    originPrompt,
    originImage: toReference(originImage),
    evaluation: evaluation && { semantic: evaluation.semantics, quality: evaluation.quality },
  }))

function toReference(text: string): ImageReference | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return { sha256: text.toLowerCase() }
  const imageId = toUuid(text, 'Image')
  if (imageId !== null) return { imageId }
  const uploadId = toUuid(text, 'Upload')
  return uploadId === null ? null : { uploadId }
}

const SUM_ERROR = 1e-6

const weightsRule = z
  .strictObject({
    format: numberFrom(0, 1),
    critic: numberFrom(0, 1),
    edit: numberFrom(0, 1),
    scoreRange: numberFrom(0.001, 1_000)
      .nullish()
      .transform(range => range ?? 10),
  })
  .refine(({ format, critic, edit }) => Math.abs(format + critic + edit - 1) <= SUM_ERROR, 'must sum to 1')

const count = `must have 1 to ${MAX_ROLLOUTS} items`

/** Reads a batch with every default filled in. What an answer says is never refused here. */
export const rolloutBatchRule: z.ZodType<RolloutBatch> = z
  .strictObject({
    rollouts: z.array(rolloutRule).min(1, count).max(MAX_ROLLOUTS, count),
    editor: optional(modelIdRule),
    judge: optional(modelIdRule),
    seed: intFrom(0, MAX_SEED).nullish(),
    editorParameters: jsonOf(MAX_PARAMETER_BYTES).optional(),
    deadlineSeconds: numberFrom(1, MAX_DEADLINE_SECONDS).nullish(),
    formula: z.enum(['CODE', 'CODE_MIXED', 'PAPER']).nullish(),
    weights: optional(weightsRule),
    strict: z.boolean().nullish(),
    skipAtLeast: optional(numberFrom(0, 10)),
    batch: optional(textOf(1, 200)),
  })
  .refine(({ formula, weights }) => formula !== 'PAPER' || weights !== null, {
    message: 'must be given for the formula PAPER, since the paper names no values',
    path: ['weights'],
  })
  .transform(({ seed, deadlineSeconds, formula, strict, ...batch }) => ({
    ...batch,
    editorParameters: batch.editorParameters ?? null,
    seed: seed ?? 0,
    deadlineSeconds: deadlineSeconds ?? 70,
    formula: formula ?? 'CODE',
    isStrict: strict ?? false,
  }))
