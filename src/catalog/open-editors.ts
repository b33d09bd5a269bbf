import type { CatalogModel } from '../catalog.ts'
import { guidance, negativePrompt, steps } from './parameters.ts'
import { paperService, sglang, vllmOmni } from './servers.ts'

const edit = { multipleOf: 16, restoresSize: true }
const trueCfg = guidance('true_cfg_scale', 4, {
  max: 10,
  description: 'Classifier-free guidance against the negative prompt; above 1 it doubles the work.',
})

/** Open editors of other families. */
export const openEditors: readonly CatalogModel[] = [
  {
    id: 'longcat-image-edit',
    name: 'LongCat-Image-Edit',
    kinds: ['EDITOR'],
    parameters: [steps(50), guidance('guidance_scale', 4.5, { max: 10 }), negativePrompt('')],
    license: 'Apache-2.0',
    size: edit,
    maxReferences: 0,
    servers: [
      vllmOmni('meituan-longcat/LongCat-Image-Edit'),
      paperService('longcat_edit_api', 8010, { isHeavy: true }),
    ],
    hosted: null,
  },
  {
    id: 'omnigen2-edit',
    name: 'OmniGen2',
    kinds: ['EDITOR'],
    parameters: [
      steps(50),
      guidance('text_guidance_scale', 5, { max: 10 }),
      guidance('image_guidance_scale', 2, { max: 10, description: 'How strictly the model keeps to the source.' }),
      negativePrompt(null),
    ],
    license: 'Apache-2.0',
    size: edit,
    maxReferences: null,
    servers: [paperService('omnigen2_edit_api', 8007, { isHeavy: true }), vllmOmni('OmniGen2/OmniGen2')],
    hosted: null,
  },
  {
    id: 'firered-image-edit',
    name: 'FireRed-Image-Edit 1.1',
    kinds: ['EDITOR'],
    parameters: [steps(40), trueCfg, negativePrompt(' ')],
    license: 'Apache-2.0',
    size: edit,
    maxReferences: null,
    servers: [sglang('FireRedTeam/FireRed-Image-Edit-1.1')],
    hosted: null,
  },
  {
    id: 'bagel',
    name: 'BAGEL 7B',
    kinds: ['EDITOR'],
    parameters: [steps(50)],
    license: 'Apache-2.0',
    size: edit,
    maxReferences: 0,
    servers: [sglang('ByteDance-Seed/BAGEL-7B-MoT')],
    hosted: null,
  },
  {
    id: 'hunyuan-image-3',
    name: 'HunyuanImage 3.0 Instruct',
    kinds: ['EDITOR'],
    parameters: [steps(50), guidance('guidance_scale', null, { max: 10 })],
    license: 'Tencent Hunyuan community licence: not for use in the EU, the UK and South Korea',
    size: edit,
    maxReferences: 2,
    servers: [vllmOmni('tencent/HunyuanImage-3.0-Instruct', { gpus: 4 })],
    hosted: null,
  },
  {
    id: 'glm-image',
    name: 'GLM-Image',
    kinds: ['EDITOR'],
    parameters: [steps(50), guidance('guidance_scale', null, { max: 10 })],
    license: 'MIT',
    size: edit,
    maxReferences: null,
    servers: [vllmOmni('zai-org/GLM-Image')],
    hosted: null,
  },
  {
    // No open server serves it; a workflow of ComfyUI does.
    id: 'step1x-edit',
    name: 'Step1X-Edit',
    kinds: ['EDITOR'],
    parameters: [steps(28), guidance('guidance_scale', 6, { max: 15 })],
    license: 'Apache-2.0',
    size: edit,
    maxReferences: null,
    servers: [],
    hosted: null,
  },
]
