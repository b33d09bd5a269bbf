// fal: POST {base}/{model} at queue.fal.run, then the status, response and cancel URLs it answers with. An edit that failed
// is COMPLETED too; its response is the error then, HTTP status and all.

import { z } from 'zod'
import { integer, number, type Provider, plainDialect, text } from './provider.ts'

const png = { output_format: 'png' }
const steps = integer('num_inference_steps', 1, 50, 'Denoising steps: more take longer and show finer detail.')
const guidance = number('guidance_scale', 0, 20, 'How strictly the model follows the prompt.')
const tolerance = text('safety_tolerance', 'How much the content rules let pass: "1" is the strictest, "6" the laxest.')
const image = z.object({ url: z.string() })

export const fal: Provider = {
  defaultUrl: 'https://queue.fal.run',
  domain: 'fal.run',
  toHeaders: key => ({ authorization: `Key ${key}` }),
  pictureForm: 'dataUrl',
  toSubmit: (baseUrl, model, input) => ({ url: `${baseUrl}/${model}`, body: input }),
  accepted: z
    .object({
      request_id: z.string().min(1),
      status_url: z.url(),
      response_url: z.url(),
      cancel_url: z.url().nullish(),
    })
    .transform(({ request_id, status_url, response_url, cancel_url }) => ({
      id: request_id,
      statusUrl: status_url,
      resultUrl: response_url,
      cancelUrl: cancel_url ?? null,
    })),
  progress: z.object({ status: z.string() }).transform(({ status }) => ({ status, picture: null, error: null })),
  statuses: { IN_QUEUE: 'waiting', IN_PROGRESS: 'waiting', COMPLETED: 'done' },
  result: z
    .object({
      images: z.array(image).optional(),
      image: image.optional(),
      has_nsfw_concepts: z.array(z.boolean()).nullish(),
    })
    .transform(({ images, image: only, has_nsfw_concepts }, context) => {
      const picture = images?.[0]?.url ?? only?.url
      if (picture === undefined) context.addIssue({ code: 'custom', message: 'There is no picture in it.' })
      return { picture: picture ?? '', isRefused: has_nsfw_concepts?.[0] === true }
    }),
  refusal: /content_policy|nsfw|moderat/i,
  cancelMethod: 'PUT',
  dialects: [
    {
      ...plainDialect,
      models: /^fal-ai\/flux-pro\/kontext\/(?:max\/)?multi/,
      pictures: { field: 'image_urls', as: 'list', max: 4 },
      usual: png,
      always: { enhance_prompt: false },
      parameters: [{ ...guidance, min: 1 }, tolerance],
    },
    {
      ...plainDialect,
      models: /^fal-ai\/flux-pro\/kontext/,
      pictures: { field: 'image_url', as: 'single', max: 1 },
      size: 'listedRatio',
      usual: png,
      always: { enhance_prompt: false },
      parameters: [{ ...guidance, min: 1 }, tolerance],
    },
    {
      ...plainDialect,
      models: /^fal-ai\/flux-pro\/v1\/fill/,
      kinds: ['FILLER'],
      pictures: { field: 'image_url', as: 'single', max: 1 },
      mask: 'mask_url',
      usual: png,
      always: { enhance_prompt: false },
      parameters: [tolerance],
    },
    {
      ...plainDialect,
      models: /^fal-ai\/flux-2-(?:pro|max)/,
      pictures: { field: 'image_urls', as: 'list', max: 8 },
      size: 'imageSize',
      usual: png,
      parameters: [tolerance],
    },
    {
      ...plainDialect,
      models: /^fal-ai\/flux-2/,
      pictures: { field: 'image_urls', as: 'list', max: 4 },
      size: 'imageSize',
      usual: png,
      always: { enable_prompt_expansion: false },
      parameters: [steps, guidance],
    },
    {
      ...plainDialect,
      models: /^fal-ai\/qwen-image-edit-(?:plus|2\d{3})/,
      pictures: { field: 'image_urls', as: 'list', max: 3 },
      size: 'imageSize',
      usual: png,
      parameters: [steps, guidance, text('negative_prompt', 'What the picture should not show.')],
    },
    {
      ...plainDialect,
      models: /^fal-ai\/qwen-image-edit/,
      pictures: { field: 'image_url', as: 'single', max: 1 },
      size: 'imageSize',
      usual: png,
      parameters: [steps, guidance, text('negative_prompt', 'What the picture should not show.')],
    },
    { ...plainDialect, models: /^/, pictures: { field: 'image_url', as: 'single', max: 1 }, mask: 'mask_url' },
  ],
}
