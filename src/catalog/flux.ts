import type { CatalogModel, ModelParameter } from '../catalog.ts'
import { aspectRatio, guidance, negativePrompt, sequenceLength, side, sourceShape, steps } from './parameters.ts'
import { paperService, sglang, vllmOmni } from './servers.ts'

const nonCommercial = 'FLUX.1 [dev] non-commercial licence: commercial use needs one from Black Forest Labs'
const hostedOnly = 'hosted by Black Forest Labs, under its terms of service'
const edit = { multipleOf: 16, restoresSize: true }
const safety = (max: number): ModelParameter => ({
  name: 'safety_tolerance',
  type: 'integer',
  default: null,
  min: 0,
  max,
  description: 'How much the moderation lets pass; 0 is strictest.',
})

type Hosted = Pick<CatalogModel, 'parameters' | 'maxReferences'>

function hosted(id: string, name: string, { parameters, maxReferences }: Hosted): CatalogModel {
  return {
    id,
    name,
    kinds: ['EDITOR'],
    parameters,
    license: hostedOnly,
    size: edit,
    maxReferences,
    servers: [],
    hosted: { engine: 'async-job', provider: 'bfl', servedModel: id, keyEnv: 'BFL_API_KEY' },
  }
}

/** The FLUX models of Black Forest Labs. */
export const fluxModels: readonly CatalogModel[] = [
  {
    id: 'flux-kontext-dev',
    name: 'FLUX.1 Kontext [dev]',
    kinds: ['EDITOR'],
    parameters: [steps(28), guidance('guidance_scale', 2.5, { max: 7.5 })],
    license: nonCommercial,
    size: edit,
    maxReferences: 0,
    servers: [vllmOmni('black-forest-labs/FLUX.1-Kontext-dev'), paperService('flux_edit_api', 8005, { isHeavy: true })],
    hosted: null,
  },
  {
    id: 'flux-2-dev',
    name: 'FLUX.2 [dev]',
    kinds: ['EDITOR'],
    parameters: [steps(50), guidance('guidance_scale', 4, { max: 10 })],
    license: 'FLUX [dev] non-commercial licence: commercial use needs one from Black Forest Labs',
    size: edit,
    maxReferences: null,
    servers: [sglang('black-forest-labs/FLUX.2-dev')],
    hosted: null,
  },
  {
    id: 'flux-2-klein-4b',
    name: 'FLUX.2 [klein] 4B',
    kinds: ['EDITOR'],
    parameters: [steps(4, 50), guidance('guidance_scale', 1, { max: 10 })],
    license: 'Apache-2.0',
    size: edit,
    maxReferences: null,
    servers: [sglang('black-forest-labs/FLUX.2-klein-4B')],
    hosted: null,
  },
  {
    id: 'flux-2-klein-9b',
    name: 'FLUX.2 [klein] 9B',
    kinds: ['EDITOR'],
    parameters: [steps(4, 50), guidance('guidance_scale', 1, { max: 10 })],
    license: 'FLUX non-commercial licence: commercial use needs one from Black Forest Labs',
    size: edit,
    maxReferences: null,
    servers: [sglang('black-forest-labs/FLUX.2-klein-9B')],
    hosted: null,
  },
  {
    id: 'flux-fill-dev',
    name: 'FLUX.1 Fill [dev]',
    kinds: ['FILLER'],
    parameters: [steps(50), guidance('guidance_scale', 30, { min: 1, max: 50 }), sequenceLength],
    license: nonCommercial,
    size: edit,
    maxReferences: 0,
    servers: [paperService('flux_fill_api', 8006, { isHeavy: true })],
    hosted: null,
  },
  {
    id: 'flux-krea-dev',
    name: 'FLUX.1 Krea [dev]',
    kinds: ['GENERATOR'],
    parameters: [
      steps(50),
      guidance('guidance_scale', 4.5, { max: 20 }),
      negativePrompt(null),
      aspectRatio('1:1'),
      sequenceLength,
    ],
    license: nonCommercial,
    size: { multipleOf: 16, restoresSize: false },
    maxReferences: 0,
    servers: [paperService('flux_generation_api', 8002, { isHeavy: true })],
    hosted: null,
  },
  hosted('flux-kontext-pro', 'FLUX.1 Kontext [pro]', { parameters: [sourceShape, safety(6)], maxReferences: 3 }),
  hosted('flux-kontext-max', 'FLUX.1 Kontext [max]', { parameters: [sourceShape, safety(6)], maxReferences: 3 }),
  hosted('flux-2-pro', 'FLUX.2 [pro]', {
    parameters: [side('width'), side('height'), safety(5)],
    maxReferences: 7,
  }),
]
