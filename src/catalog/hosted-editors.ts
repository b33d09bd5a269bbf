import type { CatalogModel } from '../catalog.ts'
import { choice } from './parameters.ts'

const size = { multipleOf: 16, restoresSize: true }
const background = choice('background', null, 'transparent, opaque or auto.')
const quality = choice('quality', null, 'low, medium, high or auto.')
const answerSize = choice('size', null, 'Width and height of the answer in pixels, such as 1024x1024, or auto.')
const fidelity = choice('input_fidelity', null, 'high keeps faces and small marks of the source; else low.')

function openai(id: string, name: string, parameters: CatalogModel['parameters']): CatalogModel {
  return {
    id,
    name,
    kinds: ['EDITOR'],
    parameters,
    license: 'hosted by OpenAI, under its terms of use',
    size,
    maxReferences: 15,
    servers: [],
    hosted: {
      engine: 'openai-images',
      profile: 'openai',
      url: 'https://api.openai.com/v1',
      servedModel: id,
      keyEnv: 'OPENAI_API_KEY',
    },
  }
}

/** Editors that are reached over the internet and paid by the picture. None of them takes a seed. */
export const hostedEditors: readonly CatalogModel[] = [
  openai('gpt-image-2', 'GPT Image 2', [answerSize, quality, background]),
  openai('gpt-image-1.5', 'GPT Image 1.5', [answerSize, quality, background, fidelity]),
  openai('gpt-image-1-mini', 'GPT Image 1 mini', [answerSize, quality, background]),
]
