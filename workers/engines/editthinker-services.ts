// The nine model servers of the EditThinker repository as they are at commit 803d1a7, field by field. Each goes by the
// name of its script in inference/server/apis, which is what its launcher starts.

import type { ModelKind, ModelParameter } from '../../src/catalog.ts'

/** One of the nine: what it does, where, which fields it reads beside prompt, pictures and seed, and where its picture stands. */
export type EditthinkerService = {
  kind: Exclude<ModelKind, 'THINKER'>
  path: 'edit' | 'fill' | 'generate'
  answerField: 'edited_image' | 'filled_image' | 'image'
  /** Whether it can rewrite the prompt; it is always told not to. */
  hasEnhancer: boolean
  /** What a job may set; every name is a field of the service, every default its own. */
  parameters: readonly ModelParameter[]
  /** What other servers of the model call a field, to its name here. */
  synonyms: Readonly<Record<string, string>>
}

// The Qwen services hand their guidance_scale to the pipeline as true_cfg_scale, which is what its other servers call it.
const trueCfg = { true_cfg_scale: 'guidance_scale' }

/** Service id (the script's name) to its contract. */
export const editthinkerServices = {
  qwen_generation_api: generator(
    [negativePrompt(''), aspectRatio('16:9'), guidance('guidance_scale', 4, { max: 7.5 }), steps(50)],
    trueCfg,
  ),
  qwen_generation_lightning_api: generator(
    [negativePrompt(' '), aspectRatio('16:9'), guidance('guidance_scale', 1, { max: 7.5 }), steps(8, 50)],
    trueCfg,
  ),
  flux_generation_api: generator([
    negativePrompt(null),
    aspectRatio('1:1'),
    guidance('guidance_scale', 4.5, { max: 20 }),
    steps(50),
    sequenceLength(),
  ]),
  qwen_edit_api: editor([negativePrompt(' '), guidance('guidance_scale', 4, { max: 7.5 }), steps(50)], trueCfg),
  qwen_edit_lightning_api: editor(
    [negativePrompt(' '), guidance('guidance_scale', 1, { max: 7.5 }), steps(8, 50)],
    trueCfg,
  ),
  flux_edit_api: editor([guidance('guidance_scale', 2.5, { max: 7.5 }), steps(28)]),
  flux_fill_api: {
    kind: 'FILLER',
    path: 'fill',
    answerField: 'filled_image',
    hasEnhancer: true,
    // Its width and height are left to it: by default the picture keeps the source's size.
    parameters: [guidance('guidance_scale', 30, { min: 1, max: 50 }), steps(50), sequenceLength()],
    synonyms: {},
  },
  // Of its num_images_per_prompt only the first picture is ever given back, so there is nothing to ask for.
  longcat_edit_api: {
    ...editor([negativePrompt(''), guidance('guidance_scale', 4.5, { max: 10 }), steps(50)]),
    hasEnhancer: false,
  },
  omnigen2_edit_api: editor([
    guidance('text_guidance_scale', 5, { max: 10 }),
    guidance('image_guidance_scale', 2, { max: 10, of: 'the source' }),
    steps(50),
    negativePrompt('(((deformed))), blurry, over saturation, bad anatomy'),
  ]),
} satisfies Record<string, EditthinkerService>

export type EditthinkerServiceId = keyof typeof editthinkerServices

/** Every service id, for the fleet file. */
export const editthinkerServiceIds = Object.keys(editthinkerServices) as EditthinkerServiceId[] // its own keys

/** What the generators make pictures in; an unknown one would silently be taken for 1:1. */
export const aspectRatios = ['1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'] as const

type Synonyms = EditthinkerService['synonyms']

function editor(parameters: readonly ModelParameter[], synonyms: Synonyms = {}): EditthinkerService {
  return { kind: 'EDITOR', path: 'edit', answerField: 'edited_image', hasEnhancer: true, parameters, synonyms }
}

function generator(parameters: readonly ModelParameter[], synonyms: Synonyms = {}): EditthinkerService {
  return { kind: 'GENERATOR', path: 'generate', answerField: 'image', hasEnhancer: true, parameters, synonyms }
}

function steps(usual: number, max = 100): ModelParameter {
  const description = 'Denoising steps: more take longer and show finer detail.'
  return { name: 'num_inference_steps', type: 'integer', default: usual, min: 1, max, description }
}

function guidance(
  name: string,
  usual: number,
  { min = 0, max, of = 'the prompt' }: { min?: number; max: number; of?: string },
): ModelParameter {
  return { name, type: 'number', default: usual, min, max, description: `How strictly the model keeps to ${of}.` }
}

function negativePrompt(usual: string | null): ModelParameter {
  const description = 'What the picture should not show.'
  return { name: 'negative_prompt', type: 'string', default: usual, min: null, max: null, description }
}

function aspectRatio(usual: string): ModelParameter {
  const description = 'Shape of the picture: 1:1, 16:9, 9:16, 4:3, 3:4, 3:2 or 2:3. A size asked for goes before it.'
  return { name: 'aspect_ratio', type: 'string', default: usual, min: null, max: null, description }
}

function sequenceLength(): ModelParameter {
  const description = 'How much of a long prompt is read, in tokens.'
  return { name: 'max_sequence_length', type: 'integer', default: 512, min: 128, max: 1_024, description }
}
