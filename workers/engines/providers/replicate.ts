// Replicate: POST {base}/models/{owner}/{name}/predictions for official models, {base}/predictions with a version for the
// others ("owner/name:version" or the bare version), then GET urls.get. What it made is deleted after an hour.

import { z } from 'zod'
import { integer, number, type Provider, plainDialect } from './provider.ts'

const png = { output_format: 'png' }
const likeSource = { aspect_ratio: 'match_input_image' }
const versioned = /^(?:.+:)?([0-9a-f]{40,})$/

export const replicate: Provider = {
  defaultUrl: 'https://api.replicate.com/v1',
  domain: 'replicate.com',
  toHeaders: key => ({ authorization: `Bearer ${key}` }),
  pictureForm: 'dataUrl',
  toSubmit(baseUrl, model, input) {
    const version = versioned.exec(model)?.[1]
    return version === undefined
      ? { url: `${baseUrl}/models/${model}/predictions`, body: { input } }
      : { url: `${baseUrl}/predictions`, body: { version, input } }
  },
  accepted: z
    .object({ id: z.string().min(1), urls: z.object({ get: z.url(), cancel: z.url().nullish() }) })
    .transform(({ id, urls }) => ({ id, statusUrl: urls.get, resultUrl: null, cancelUrl: urls.cancel ?? null })),
  progress: z
    .object({
      status: z.string(),
      output: z.union([z.string(), z.array(z.string())]).nullish(),
      error: z.unknown(),
      data_removed: z.boolean().nullish(),
    })
    .transform(({ status, output, error, data_removed }) => ({
      // Of a prediction that succeeded long ago nothing is left but that it did.
      status: status === 'succeeded' && data_removed ? 'removed' : status,
      picture: (typeof output === 'string' ? output : output?.[0]) ?? null,
      error: typeof error === 'string' ? error : null,
    })),
  statuses: {
    starting: 'waiting',
    processing: 'waiting',
    succeeded: 'done',
    failed: 'failed',
    canceled: 'failed',
    aborted: 'failed',
    removed: 'lost',
  },
  result: null,
  refusal: /nsfw|sensitive|moderat|\bE005\b/i,
  cancelMethod: 'POST',
  dialects: [
    {
      ...plainDialect,
      models: /^black-forest-labs\/flux-kontext-(?:pro|max)/,
      pictures: { field: 'input_image', as: 'single', max: 1 },
      size: 'listedRatio',
      usual: png,
      usualWithSource: likeSource,
      always: { prompt_upsampling: false },
      parameters: [integer('safety_tolerance', 0, 6, 'How much the content rules let pass: 0 is the strictest.')],
    },
    {
      ...plainDialect,
      models: /^black-forest-labs\/flux-kontext-dev/,
      pictures: { field: 'input_image', as: 'single', max: 1 },
      size: 'listedRatio',
      usual: png,
      usualWithSource: likeSource,
      parameters: [
        integer('num_inference_steps', 4, 50, 'Denoising steps: more take longer and show finer detail.'),
        number('guidance', 0, 10, 'How strictly the model follows the prompt.'),
      ],
    },
    {
      ...plainDialect,
      models: /^black-forest-labs\/flux-2-/,
      pictures: { field: 'input_images', as: 'list', max: 8 },
      size: 'custom',
      usual: png,
      usualWithSource: likeSource,
      parameters: [integer('safety_tolerance', 1, 5, 'How much the content rules let pass: 1 is the strictest.')],
    },
    {
      ...plainDialect,
      models: /^qwen\/qwen-image-edit-(?:plus|2\d{3})/,
      pictures: { field: 'image', as: 'list', max: 3 },
      usual: png,
    },
    {
      ...plainDialect,
      models: /^qwen\/qwen-image-edit/,
      pictures: { field: 'image', as: 'single', max: 1 },
      usual: png,
    },
    { ...plainDialect, models: /^/, pictures: { field: 'image', as: 'single', max: 1 }, mask: 'mask' },
  ],
}
