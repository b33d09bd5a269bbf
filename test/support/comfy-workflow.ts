// A workflow as ComfyUI exports it in its API format, and which inputs of it a request fills.

import type { ComfyBindings } from '../../workers/engines/comfyui-workflow.ts'

export const comfyWorkflow = {
  3: { class_type: 'KSampler', inputs: { seed: 1, cfg: 4.5, steps: 20, model: ['4', 0], positive: ['6', 0] } },
  4: { class_type: 'UNETLoader', inputs: { unet_name: 'step1x.safetensors' } },
  6: { class_type: 'CLIPTextEncode', inputs: { text: '' }, _meta: { title: 'The words' } },
  9: { class_type: 'SaveImage', inputs: { filename_prefix: 'edit', images: ['3', 0] } },
  10: { class_type: 'LoadImage', inputs: { image: 'example.png' } },
}

/** As the fleet file writes them, by id and by title. */
export const comfyBindingTexts = {
  image: '10.inputs.image',
  prompt: 'The words.inputs.text',
  seed: '3.inputs.seed',
  cfg: '3.inputs.cfg',
}

/** The same once they are read. */
export const comfyBindings: ComfyBindings = {
  fields: {
    image: [{ node: '10', input: 'image' }],
    prompt: [{ node: '6', input: 'text' }],
    seed: [{ node: '3', input: 'seed' }],
    cfg: [{ node: '3', input: 'cfg' }],
  },
  references: [],
  output: '9',
}
