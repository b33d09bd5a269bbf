// How the servers of the OpenAI Images API differ: names of several pictures and of the mask, whether a seed is read, and
// what has to be said so that the answer is a picture and the prompt stays as it is.

import type { ImagesProfile } from '../fleet/fleet.ts'

/** One server's ways. */
export type ImagesDialect = {
  manyImages: 'image' | 'image[]'
  /** Pictures of one call, masks apart; null: the model sets it. */
  maxImages: number | null
  /** `alpha`: transparent where the source is filled. `white`: as diffusers has it. Null: a mask would be ignored. */
  mask: { field: 'mask' | 'mask_image'; form: 'alpha' | 'white' } | null
  hasSeed: boolean
  /** Sent with every edit unless a job's parameters say otherwise. */
  editDefaults: Readonly<Record<string, string>>
  /** Sent with every call, whatever a job's parameters say. */
  fixed: Readonly<Record<string, string | boolean>>
  /** Parameters that /images/generations does not have. */
  editsOnly: readonly string[]
  /** Sides of a wanted size are rounded to a multiple of this, px. */
  sizeStep: number
}

/** Every profile. `generic` sends what most gateways take: OpenAI's names and the seed of the open servers. */
export const imagesDialects: Record<ImagesProfile, ImagesDialect> = {
  // It has no seed, always answers in base64, and refuses a field that it does not know.
  openai: {
    manyImages: 'image[]',
    maxImages: 16,
    mask: { field: 'mask', form: 'alpha' },
    hasSeed: false,
    editDefaults: { output_format: 'png' },
    fixed: {},
    editsOnly: ['input_fidelity'],
    sizeStep: 16,
  },
  // Without a size an edit is as large as its first picture too, but some pipelines then fall back to a megapixel.
  'vllm-omni': {
    manyImages: 'image',
    maxImages: null,
    mask: { field: 'mask_image', form: 'white' },
    hasSeed: true,
    editDefaults: { output_format: 'png', size: 'auto' },
    fixed: { response_format: 'b64_json' },
    editsOnly: ['strength'],
    sizeStep: 1,
  },
  // Its generations answer with links by default. `enhance_prompt` would rewrite the prompt behind the thinker's back. Its
  // edits have a field for a mask and do nothing with it.
  sglang: {
    manyImages: 'image',
    maxImages: null,
    mask: null,
    hasSeed: true,
    editDefaults: { output_format: 'png' },
    fixed: { response_format: 'b64_json', enhance_prompt: false },
    editsOnly: [],
    sizeStep: 1,
  },
  generic: {
    manyImages: 'image[]',
    maxImages: null,
    mask: { field: 'mask', form: 'alpha' },
    hasSeed: true,
    editDefaults: {},
    fixed: { response_format: 'b64_json' },
    editsOnly: [],
    sizeStep: 1,
  },
}
