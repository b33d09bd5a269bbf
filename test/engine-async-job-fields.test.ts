import { describe, expect, test } from 'vitest'
import { toHostedInput } from '../workers/engines/async-job-input.ts'
import { keyFor } from '../workers/engines/async-job-remote.ts'
import type { EditRequest } from '../workers/engines/engine.ts'
import { dialectOf, type ProviderId, providers } from '../workers/engines/providers/providers.ts'
import { editRequest } from './support/edit-request.ts'

const source = { bytes: Buffer.from('one'), contentType: 'image/png' }
const second = { bytes: Buffer.from('two'), contentType: 'image/jpeg' }
const [base64, base64OfSecond] = ['b25l', 'dHdv']
const [link, linkOfSecond] = ['data:image/png;base64,b25l', 'data:image/jpeg;base64,dHdv']

function inputOf(provider: ProviderId, model: string, given: Partial<EditRequest>) {
  const request = editRequest({ prompt: 'a sky', seed: 7, ...given })
  return toHostedInput(request, dialectOf(provider, model), providers[provider].pictureForm)
}

const common = { prompt: 'a sky', seed: 7, output_format: 'png' }
const both = { source, references: [second] }
const numbered = { input_image: base64, input_image_2: base64OfSecond }

describe('the fields of an edit', () => {
  test.each([
    ['bfl', 'flux-kontext-pro', both, { ...numbered, prompt_upsampling: false }],
    ['bfl', 'flux-2-pro', both, numbered],
    ['bfl', 'flux-2-flex', both, { ...numbered, prompt_upsampling: false }],
    [
      'bfl',
      'flux-pro-1.0-fill',
      { source, mask: second },
      { image: base64, mask: base64OfSecond, prompt_upsampling: false },
    ],
    [
      'replicate',
      'black-forest-labs/flux-kontext-max',
      { source },
      { input_image: link, aspect_ratio: 'match_input_image', prompt_upsampling: false },
    ],
    [
      'replicate',
      'black-forest-labs/flux-2-pro',
      both,
      { input_images: [link, linkOfSecond], aspect_ratio: 'match_input_image' },
    ],
    ['replicate', 'qwen/qwen-image-edit', { source }, { image: link }],
    ['replicate', 'qwen/qwen-image-edit-plus', both, { image: [link, linkOfSecond] }],
    ['fal', 'fal-ai/flux-pro/kontext', { source }, { image_url: link, enhance_prompt: false }],
    ['fal', 'fal-ai/flux-pro/kontext/max/multi', both, { image_urls: [link, linkOfSecond], enhance_prompt: false }],
    ['fal', 'fal-ai/flux-2-pro/edit', both, { image_urls: [link, linkOfSecond] }],
    ['fal', 'fal-ai/qwen-image-edit', { source }, { image_url: link }],
    [
      'fal',
      'fal-ai/flux-pro/v1/fill',
      { source, mask: second },
      { image_url: link, mask_url: linkOfSecond, enhance_prompt: false },
    ],
  ] as const)('at %s for %s are those it documents', (provider, model, given, fields) => {
    expect(
      inputOf(provider, model, { ...given, references: [...('references' in given ? given.references : [])] }),
    ).toEqual({
      ...common,
      ...fields,
    })
  })

  test.each([
    ['bfl', 'flux-kontext-pro', { aspect_ratio: '3:2' }],
    ['bfl', 'flux-2-pro', { width: 1200, height: 800 }],
    ['replicate', 'black-forest-labs/flux-kontext-pro', { aspect_ratio: '3:2' }],
    ['replicate', 'black-forest-labs/flux-2-pro', { aspect_ratio: 'custom', width: 1200, height: 800 }],
    ['fal', 'fal-ai/flux-pro/kontext/text-to-image', { aspect_ratio: '3:2' }],
    ['fal', 'fal-ai/flux-2-pro', { image_size: { width: 1200, height: 800 } }],
  ] as const)('at %s for %s say a size in its way', (provider, model, fields) => {
    expect(inputOf(provider, model, { size: { width: 1_200, height: 800 } })).toMatchObject(fields)
  })

  test('take parameters over the usual values, but nothing over the prompt, the seed and the switched-off rewriting', () => {
    const parameters = { output_format: 'jpeg', safety_tolerance: 0, prompt: 'x', seed: 1, prompt_upsampling: true }
    expect(inputOf('bfl', 'flux-kontext-pro', { source, parameters })).toEqual({
      ...common,
      output_format: 'jpeg',
      safety_tolerance: 0,
      prompt_upsampling: false,
      input_image: base64,
    })
  })

  test('cannot hold more pictures than the model takes, nor a mask where it takes none', () => {
    expect(() => inputOf('fal', 'fal-ai/flux-pro/kontext', both)).toThrow('takes at most 1 picture, and the job has 2')
    expect(() => inputOf('bfl', 'flux-2-pro', { source, mask: second })).toThrow('This editor takes no mask.')
  })
})

describe('a submit to Replicate', () => {
  const version = '5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa'

  test.each([
    ['owner/name', 'https://r/v1/models/owner/name/predictions', { input: {} }],
    [version, 'https://r/v1/predictions', { version, input: {} }],
    [`owner/name:${version}`, 'https://r/v1/predictions', { version, input: {} }],
  ])('of %s goes to its own place', (model, url, body) => {
    expect(providers.replicate.toSubmit('https://r/v1', model, {})).toEqual({ url, body })
  })
})

describe("a provider's key", () => {
  const bfl = { baseUrl: 'https://api.bfl.ai/v1', provider: 'bfl', key: 'k' } as const

  test.each([
    ['https://api.bfl.ai/v1/get_result?id=1', true, true],
    ['https://api.us4.bfl.ai/v1/get_result?id=1', true, true],
    ['http://api.us4.bfl.ai/v1/get_result?id=1', true, false],
    ['https://api.bfl.ai.example.org/v1/get_result?id=1', true, false],
    ['https://notbfl.ai/v1/get_result?id=1', true, false],
    ['https://delivery-eu1.bfl.ai/results/1.png', false, false],
  ])('for %s (of the API: %s) is sent: %s', (url, isApi, isSent) => {
    expect(keyFor(bfl, url, { isApi })).toEqual(isSent ? { 'x-key': 'k' } : {})
  })

  test('of a gateway is the gateway’s alone', () => {
    const gateway = { ...bfl, baseUrl: 'https://gateway.example.org/bfl' }
    expect(keyFor(gateway, 'https://api.bfl.ai/v1/get_result?id=1', { isApi: true })).toEqual({})
  })
})
