import { builder } from '../builder.ts'
import { parseInput } from '../parse-input.ts'
import { jobRule } from './edit-input.ts'
import { makeStartResult, startFields, startOne, toImageUuid, toReferenceUuids } from './start-job.ts'

const StartFillInput = builder.inputType('StartFillInput', {
  description: 'A marked part of a picture to repaint.',
  fields: t => ({
    sourceId: t.id({ required: true, description: 'Global id of the Image to fill.' }),
    maskId: t.id({
      required: true,
      description:
        'Global id of an Image of the same width and height: white (or nearer to white than to black) is filled, black or transparent is kept.',
    }),
    ...startFields(t, { instruction: 'What to show there', editor: 'fill model' }),
  }),
})

const StartFillResult = makeStartResult('StartFill', 'What became of one fill.')

builder.mutationField('startFill', t =>
  t.field({
    type: StartFillResult,
    description:
      'Repaints what a mask marks in an image: every round fills the source again by a better prompt, or with `editFrom` an earlier picture.',
    args: { input: t.arg({ type: StartFillInput, required: true, description: 'The fill.' }) },
    resolve: (_root, { input: { sourceId, maskId, referenceIds, ...rest } }, context) =>
      startOne(context, {
        kind: 'FILL',
        sourceId: toImageUuid(sourceId, 'sourceId'),
        maskId: toImageUuid(maskId, 'maskId'),
        size: null,
        referenceIds: toReferenceUuids(referenceIds),
        ...parseInput(jobRule, rest),
      }),
  }),
)
