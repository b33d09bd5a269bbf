// The nine services as their contract describes them, written down here once more so that a slip in the engine's own
// table shows.

/** Name, type, range and default of one field of a request. */
type FieldFact = { type: 'text' | 'number' | 'integer' | 'flag'; min?: number; max?: number; usual: unknown }

/** One service. `sizes`: what a generator makes for each aspect ratio, width and height in px. */
export type ServiceFacts = {
  path: '/edit' | '/fill' | '/generate'
  pictures: readonly ('image' | 'mask_image')[]
  answer: 'edited_image' | 'filled_image' | 'image'
  readyFlag: 'gpu_manager_ready' | 'flux_gpu_manager_ready'
  modelType?: string
  failsWith: string
  fields: Readonly<Record<string, FieldFact>>
  sizes?: Sizes
}

const number = (usual: number, min: number, max: number): FieldFact => ({ type: 'number', usual, min, max })
const integer = (usual: number, min: number, max: number): FieldFact => ({ type: 'integer', usual, min, max })
const text = (usual: string | null): FieldFact => ({ type: 'text', usual })
const seed: FieldFact = { type: 'integer', usual: null }
const enhance = (usual: boolean): FieldFact => ({ type: 'flag', usual })

type Sizes = Readonly<Record<string, readonly [number, number]>>

const qwenSizes: Sizes = {
  ...{ '1:1': [1328, 1328], '16:9': [1664, 928], '9:16': [928, 1664], '4:3': [1472, 1104], '3:4': [1104, 1472] },
  ...{ '3:2': [1584, 1056], '2:3': [1056, 1584] },
}
const fluxSizes: Sizes = {
  ...{ '1:1': [1024, 1024], '16:9': [1536, 864], '9:16': [864, 1536], '4:3': [1344, 1008], '3:4': [1008, 1344] },
  ...{ '3:2': [1536, 1024], '2:3': [1024, 1536] },
}

const generation = { path: '/generate', pictures: [], answer: 'image', readyFlag: 'gpu_manager_ready' } as const
const editing = { path: '/edit', pictures: ['image'], answer: 'edited_image', readyFlag: 'gpu_manager_ready' } as const

/** By the name of the script. */
export const serviceFacts: Readonly<Record<string, ServiceFacts>> = {
  qwen_generation_api: {
    ...generation,
    failsWith: '图像生成失败',
    sizes: qwenSizes,
    fields: {
      ...{ negative_prompt: text(''), seed, aspect_ratio: text('16:9'), guidance_scale: number(4, 0, 7.5) },
      ...{ num_inference_steps: integer(50, 1, 100), enhance_prompt: enhance(true) },
    },
  },
  qwen_generation_lightning_api: {
    ...generation,
    failsWith: '图像生成失败',
    modelType: 'Lightning',
    sizes: qwenSizes,
    fields: {
      ...{ negative_prompt: text(' '), seed, aspect_ratio: text('16:9'), guidance_scale: number(1, 0, 7.5) },
      ...{ num_inference_steps: integer(8, 1, 50), enhance_prompt: enhance(true) },
    },
  },
  flux_generation_api: {
    ...generation,
    readyFlag: 'flux_gpu_manager_ready',
    failsWith: 'FLUX图像生成失败',
    sizes: fluxSizes,
    fields: {
      ...{ negative_prompt: text('a list of defects'), seed, aspect_ratio: text('1:1') },
      ...{ guidance_scale: number(4.5, 0, 20), num_inference_steps: integer(50, 1, 100) },
      ...{ max_sequence_length: integer(512, 128, 1024), enhance_prompt: enhance(true) },
    },
  },
  qwen_edit_api: {
    ...editing,
    failsWith: '图像编辑失败',
    fields: {
      ...{ negative_prompt: text(' '), seed, guidance_scale: number(4, 0, 7.5) },
      ...{ num_inference_steps: integer(50, 1, 100), enhance_prompt: enhance(true) },
    },
  },
  qwen_edit_lightning_api: {
    ...editing,
    failsWith: '图像编辑失败',
    modelType: 'Lightning-Edit',
    fields: {
      ...{ negative_prompt: text(' '), seed, guidance_scale: number(1, 0, 7.5) },
      ...{ num_inference_steps: integer(8, 1, 50), enhance_prompt: enhance(true) },
    },
  },
  flux_edit_api: {
    ...editing,
    failsWith: 'FLUX图像编辑失败',
    fields: {
      ...{ seed, guidance_scale: number(2.5, 0, 7.5), num_inference_steps: integer(28, 1, 100) },
      enhance_prompt: enhance(true),
    },
  },
  flux_fill_api: {
    ...{ path: '/fill', pictures: ['image', 'mask_image'], answer: 'filled_image', readyFlag: 'gpu_manager_ready' },
    failsWith: 'FLUX图像填充失败',
    fields: {
      ...{ seed, width: { type: 'integer', usual: null }, height: { type: 'integer', usual: null } },
      ...{ guidance_scale: number(30, 1, 50), num_inference_steps: integer(50, 1, 100) },
      ...{ max_sequence_length: integer(512, 128, 1024), enhance_prompt: enhance(false) },
    },
  },
  longcat_edit_api: {
    ...editing,
    failsWith: 'LongCat图像编辑失败',
    fields: {
      ...{ negative_prompt: text(''), seed, guidance_scale: number(4.5, 0, 10) },
      ...{ num_inference_steps: integer(50, 1, 100), num_images_per_prompt: integer(1, 1, 4) },
    },
  },
  omnigen2_edit_api: {
    ...editing,
    failsWith: 'OmniGen2图像编辑失败',
    fields: {
      ...{ seed, text_guidance_scale: number(5, 0, 10), image_guidance_scale: number(2, 0, 10) },
      ...{ num_inference_steps: integer(50, 1, 100), enhance_prompt: enhance(false) },
      negative_prompt: text('(((deformed))), blurry, over saturation, bad anatomy'),
    },
  },
}
