import { z } from 'zod'
import { builder } from '../builder.ts'
import { parseInput } from '../parse-input.ts'
import { jobRule } from './edit-input.ts'
import { makeStartResult, startFields, startOne, toReferenceUuids } from './start-job.ts'

// Every open model works in blocks of 16 pixels or fewer, and OpenAI takes nothing else.
const STEP = 16
const MIN_SIDE = 64
const MAX_SIDE = 4096
const sideLimits = `from ${MIN_SIDE} to ${MAX_SIDE} in steps of ${STEP}`

const SizeInput = builder.inputType('SizeInput', {
  description: `The size of a picture to make, in pixels; each side ${sideLimits}.`,
  fields: t => ({
    width: t.int({ required: true, description: `Its width, ${sideLimits}.` }),
    height: t.int({ required: true, description: `Its height, ${sideLimits}.` }),
  }),
})

const StartGenerationInput = builder.inputType('StartGenerationInput', {
  description: 'A picture to make from words alone.',
  fields: t => ({
    ...startFields(t, { instruction: 'What to show', editor: 'image generator' }),
    size: t.field({
      type: SizeInput,
      description: "Null: the model's own size. A model that cannot make this size makes the nearest it can, or fails.",
    }),
  }),
})

const side = z.number().refine(px => px >= MIN_SIDE && px <= MAX_SIDE && px % STEP === 0, `must be ${sideLimits}`)
const generationRule = jobRule.extend({
  size: z
    .object({ width: side, height: side })
    .nullish()
    .transform(size => size ?? null),
})

const StartGenerationResult = makeStartResult('StartGeneration', 'What became of one generation.')

builder.mutationField('startGeneration', t =>
  t.field({
    type: StartGenerationResult,
    description:
      'Makes a picture from words alone: the thinker judges each against the instruction by itself and refines the prompt; one that only compares with a source, as `builtin-critic` does, is refused. `firstRound` is DIRECT or POLISH. `editFrom: SOURCE` makes each round anew; PREVIOUS and BEST edit an earlier picture, which needs a model that edits as well.',
    args: { input: t.arg({ type: StartGenerationInput, required: true, description: 'The generation.' }) },
    resolve: (_root, { input: { referenceIds, ...rest } }, context) =>
      startOne(context, {
        kind: 'GENERATE',
        sourceId: null,
        maskId: null,
        referenceIds: toReferenceUuids(referenceIds),
        ...parseInput(generationRule, rest),
      }),
  }),
)
