// What jobs may set at a server of /v1/images/edits, by profile; each name is the form's field. The names of diffusers
// are what the open servers share. A fleet file adds to them or narrows them.

import type { ModelParameter } from '../../src/catalog.ts'
import type { ImagesProfile } from '../fleet/fleet.ts'

const none = { default: null, min: null, max: null }

const diffusion: readonly ModelParameter[] = [
  {
    ...none,
    name: 'num_inference_steps',
    type: 'integer',
    min: 1,
    max: 200,
    description: 'Denoising steps: more take longer and show finer detail.',
  },
  {
    ...none,
    name: 'guidance_scale',
    type: 'number',
    min: 0,
    max: 50,
    description: 'How strictly a guidance-distilled model follows the prompt.',
  },
  {
    ...none,
    name: 'true_cfg_scale',
    type: 'number',
    min: 0,
    max: 50,
    description: 'Classifier-free guidance against the negative prompt; above 1 it doubles the work.',
  },
  { ...none, name: 'negative_prompt', type: 'string', description: 'What the picture should not show.' },
]

const size: ModelParameter = {
  ...none,
  name: 'size',
  type: 'string',
  description: 'Width and height of the answer in pixels, such as 1024x1024, or auto.',
}

/** The parameters of each profile before the fleet file has its say. */
export const imagesParameters: Record<ImagesProfile, readonly ModelParameter[]> = {
  openai: [
    size,
    { ...none, name: 'quality', type: 'string', description: 'low, medium, high or auto.' },
    { ...none, name: 'input_fidelity', type: 'string', description: 'high keeps faces and small marks of the source.' },
    { ...none, name: 'background', type: 'string', description: 'transparent, opaque or auto.' },
  ],
  'vllm-omni': [
    ...diffusion,
    size,
    {
      ...none,
      name: 'strength',
      type: 'number',
      min: 0,
      max: 1,
      description: 'How far a model that starts from the source may leave it.',
    },
  ],
  sglang: [...diffusion, size],
  generic: [...diffusion, size],
}
