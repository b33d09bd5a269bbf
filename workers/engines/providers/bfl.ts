// Black Forest Labs: POST {base}/{model}, then GET the polling_url it answers with, often on a regional host. Nothing there
// can be canceled. A result's link lives ten minutes.

import { z } from 'zod'
import { side, sourceShape } from '../../../src/catalog/parameters.ts'
import { integer, number, type Provider, plainDialect } from './provider.ts'

const tolerance = (max: number) =>
  integer('safety_tolerance', 0, max, 'How much the content rules let pass: 0 is the strictest.')
const png = { output_format: 'png' }
const steps = integer('steps', 1, 50, 'Denoising steps: more take longer and show finer detail.')
const guidance = number('guidance', 1.5, 100, 'How strictly the model follows the prompt.')
// FLUX.1 is told a shape, FLUX.2 both sides.
const sides = [side('width'), side('height')]

export const bfl: Provider = {
  defaultUrl: 'https://api.bfl.ai/v1',
  domain: 'bfl.ai',
  toHeaders: key => ({ 'x-key': key }),
  pictureForm: 'base64',
  toSubmit: (baseUrl, model, input) => ({ url: `${baseUrl}/${model}`, body: input }),
  accepted: z
    .object({ id: z.string().min(1), polling_url: z.url() })
    .transform(({ id, polling_url }) => ({ id, statusUrl: polling_url, resultUrl: null, cancelUrl: null })),
  progress: z
    .object({ status: z.string(), result: z.object({ sample: z.string().nullish() }).nullish() })
    .transform(({ status, result }) => ({ status, picture: result?.sample ?? null, error: null })),
  statuses: {
    Pending: 'waiting',
    Ready: 'done',
    'Request Moderated': 'refused',
    'Content Moderated': 'refused',
    Error: 'failed',
    'Task not found': 'lost',
  },
  result: null,
  refusal: /moderat/i,
  cancelMethod: 'POST',
  dialects: [
    {
      ...plainDialect,
      models: /^flux-kontext-/,
      pictures: { field: 'input_image', as: 'numbered', max: 4 },
      size: 'ratio',
      usual: png,
      always: { prompt_upsampling: false },
      parameters: [sourceShape, tolerance(6)],
    },
    {
      ...plainDialect,
      models: /^flux-2-(?:flex|max)/,
      pictures: { field: 'input_image', as: 'numbered', max: 8 },
      size: 'pixels',
      usual: png,
      always: { prompt_upsampling: false },
      parameters: [...sides, tolerance(5)],
    },
    {
      ...plainDialect,
      models: /^flux-2-/,
      pictures: { field: 'input_image', as: 'numbered', max: 8 },
      size: 'pixels',
      usual: png,
      parameters: [...sides, tolerance(5)],
    },
    {
      ...plainDialect,
      models: /^flux-pro-1\.0-fill/,
      kinds: ['FILLER'],
      pictures: { field: 'image', as: 'single', max: 1 },
      mask: 'mask',
      usual: png,
      always: { prompt_upsampling: false },
      parameters: [tolerance(6), { ...steps, min: 15 }, guidance],
    },
    { ...plainDialect, models: /^/, pictures: { field: 'input_image', as: 'numbered', max: 8 }, usual: png },
  ],
}
