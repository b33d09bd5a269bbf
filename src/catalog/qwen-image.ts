import type { CatalogModel } from '../catalog.ts'
import { aspectRatio, guidance, negativePrompt, steps } from './parameters.ts'
import { paperService, sglang, vllmOmni } from './servers.ts'

const license = 'Apache-2.0'
const edit = { multipleOf: 16, restoresSize: true }
const generate = { multipleOf: 16, restoresSize: false }

// The open servers call it true_cfg_scale; the paper's call it guidance_scale and mean the same.
const trueCfg = (usual: number) =>
  guidance('true_cfg_scale', usual, {
    max: 7.5,
    description: 'Classifier-free guidance against the negative prompt; above 1 it doubles the work.',
  })
const paperGuidance = guidance('guidance_scale', null, {
  max: 7.5,
  description: "What the paper's own servers call true_cfg_scale.",
})

/** Qwen-Image and the editors made of it. */
export const qwenImageModels: readonly CatalogModel[] = [
  {
    id: 'qwen-image-edit',
    name: 'Qwen-Image-Edit',
    kinds: ['EDITOR'],
    parameters: [steps(50), trueCfg(4), paperGuidance, negativePrompt(' ')],
    license,
    size: edit,
    maxReferences: 0,
    servers: [vllmOmni('Qwen/Qwen-Image-Edit'), sglang('Qwen/Qwen-Image-Edit'), paperService('qwen_edit_api', 8003)],
    hosted: null,
  },
  {
    id: 'qwen-image-edit-2509',
    name: 'Qwen-Image-Edit-2509',
    kinds: ['EDITOR'],
    parameters: [steps(40), trueCfg(4), negativePrompt(' ')],
    license,
    size: edit,
    maxReferences: 3,
    servers: [vllmOmni('Qwen/Qwen-Image-Edit-2509'), sglang('Qwen/Qwen-Image-Edit-2509')],
    hosted: null,
  },
  {
    id: 'qwen-image-edit-2511',
    name: 'Qwen-Image-Edit-2511',
    kinds: ['EDITOR'],
    parameters: [steps(40), trueCfg(4), negativePrompt(' ')],
    license,
    size: edit,
    maxReferences: 3,
    servers: [vllmOmni('Qwen/Qwen-Image-Edit-2511'), sglang('Qwen/Qwen-Image-Edit-2511')],
    hosted: null,
  },
  {
    id: 'qwen-image-edit-lightning',
    name: 'Qwen-Image-Edit with the 8-step Lightning LoRA',
    kinds: ['EDITOR'],
    parameters: [steps(8, 50), guidance('guidance_scale', 1, { max: 7.5 }), negativePrompt(' ')],
    license,
    size: edit,
    maxReferences: 0,
    servers: [paperService('qwen_edit_lightning_api', 8004)],
    hosted: null,
  },
  {
    id: 'qwen-image',
    name: 'Qwen-Image',
    kinds: ['GENERATOR'],
    parameters: [steps(50), trueCfg(4), paperGuidance, negativePrompt(' '), aspectRatio(null)],
    license,
    size: generate,
    maxReferences: 0,
    servers: [vllmOmni('Qwen/Qwen-Image', { kinds: ['generate'] }), paperService('qwen_generation_api', 8000)],
    hosted: null,
  },
  {
    id: 'qwen-image-lightning',
    name: 'Qwen-Image with the 8-step Lightning LoRA',
    kinds: ['GENERATOR'],
    parameters: [steps(8, 50), guidance('guidance_scale', 1, { max: 7.5 }), negativePrompt(' '), aspectRatio('16:9')],
    license,
    size: generate,
    maxReferences: 0,
    servers: [paperService('qwen_generation_lightning_api', 8001)],
    hosted: null,
  },
]
