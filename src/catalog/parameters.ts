// The settings that image models share, so that a family's page says only what differs.

import type { ModelParameter } from '../catalog.ts'

/** Denoising steps, from 1. */
export function steps(usual: number, max = 100): ModelParameter {
  const description = 'Denoising steps: more take longer and show finer detail.'
  return { name: 'num_inference_steps', type: 'integer', default: usual, min: 1, max, description }
}

/** A guidance scale by the field's `name`; `usual` null leaves it to the server. */
export function guidance(
  name: string,
  usual: number | null,
  { min = 0, max, description = 'How strictly the model follows the prompt.' }: GuidanceRange,
): ModelParameter {
  return { name, type: 'number', default: usual, min, max, description }
}

type GuidanceRange = { min?: number; max: number; description?: string }

/** What the picture should not show. */
export function negativePrompt(usual: string | null): ModelParameter {
  const description = 'What the picture should not show.'
  return { name: 'negative_prompt', type: 'string', default: usual, min: null, max: null, description }
}

/** A setting of words; `description` lists them. */
export function choice(name: string, usual: string | null, description: string): ModelParameter {
  return { name, type: 'string', default: usual, min: null, max: null, description }
}

/** The shapes that the generators of the paper make. */
export function aspectRatio(usual: string | null): ModelParameter {
  return choice('aspect_ratio', usual, 'Shape of the picture: 1:1, 16:9, 9:16, 4:3, 3:4, 3:2 or 2:3.')
}

/** The shape that FLUX.1 is told by Black Forest Labs' API. */
export const sourceShape = choice(
  'aspect_ratio',
  null,
  "Shape of the picture, from 21:9 to 9:21; left out, the source's own.",
)

/** The side of a picture that FLUX.2 is told there. */
export function side(name: 'width' | 'height'): ModelParameter {
  const description = `The picture's ${name} in pixels, a multiple of 16; left out, the source's.`
  return { name, type: 'integer', default: null, min: 64, max: null, description }
}

/** How much of a long prompt a FLUX.1 model reads. */
export const sequenceLength: ModelParameter = {
  name: 'max_sequence_length',
  type: 'integer',
  default: 512,
  min: 128,
  max: 1_024,
  description: 'How much of a long prompt is read, in tokens.',
}
