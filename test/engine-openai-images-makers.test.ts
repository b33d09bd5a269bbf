import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import type { EditRequest } from '../workers/engines/engine.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { imagesParameters } from '../workers/engines/images-parameters.ts'
import { openaiImagesEditor } from '../workers/engines/openai-images.ts'
import { probeServer } from '../workers/engines/openai-request.ts'
import { editRequest } from './support/edit-request.ts'
import { failureOf } from './support/failure-of.ts'
import {
  type FakeImagesServer,
  type ImagesMaker,
  imagesFields,
  imagesMakers,
  startFakeImagesServer,
} from './support/fake-images-server.ts'
import { noisePng } from './support/pictures.ts'

const servedName = 'served-name'
const http = makeHttpClient()
const signal = new AbortController().signal
let server: FakeImagesServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp(maker: ImagesMaker, config: { servedModel?: string; key?: string | null } = {}) {
  server = await startFakeImagesServer({ profile: maker, servedModel: servedName })
  const { servedModel = servedName, key = 'sk-test' } = config
  const target = { baseUrl: server.url, profile: maker, servedModel, key }
  const editor = openaiImagesEditor(http, target)
  const source = { bytes: await noisePng(32, 24), contentType: 'image/png' }
  const edit = (more: Partial<EditRequest> = {}) =>
    editor.edit(editRequest({ prompt: 'a "blue" sky', seed: 7, ...more }), signal)
  return { server, source, edit, probe: () => probeServer(http, target, signal) }
}

// A value for every parameter that the profile has.
function everyParameter(maker: ImagesMaker): Record<string, unknown> {
  const values = imagesParameters[maker].map(({ name, type, min }) => [
    name,
    name === 'size' ? '64x48' : type === 'string' ? 'auto' : (min ?? 1),
  ])
  return Object.fromEntries(values)
}

/** Half of it white, in the form in which a stage gives it. */
async function halfMask(width: number, height: number) {
  const data = Buffer.alloc(width * height, 0).fill(255, 0, (width * height) / 2)
  const bytes = await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
  return { bytes, contentType: 'image/png' }
}

describe.each(imagesMakers)('%s', maker => {
  test.each(['/images/edits', '/images/generations'] as const)('gets documented fields alone at %s', async path => {
    const { server, source, edit } = await setUp(maker)
    const more = path === '/images/edits' ? { source } : { size: { width: 64, height: 48 } }
    await edit({ ...more, parameters: everyParameter(maker) })
    await edit(more)
    expect(server.requests.map(request => request.path)).toEqual([path, path])
    for (const { fields } of server.requests) {
      expect(imagesFields[maker][path]).toEqual(expect.arrayContaining(Object.keys(fields)))
      expect(String(fields.n)).toBe('1')
      expect(fields.seed === undefined ? null : Number(fields.seed)).toBe(maker === 'openai' ? null : 7)
      expect(fields.response_format).toBe(maker === 'openai' ? undefined : 'b64_json')
      expect(String(fields.enhance_prompt)).toBe(maker === 'sglang' ? 'false' : 'undefined')
    }
  })

  test('makes a picture from words in the size asked for', async () => {
    const { server, edit } = await setUp(maker)
    const { picture } = await edit({ size: { width: 70, height: 90 }, parameters: { size: 'auto' } })
    // OpenAI takes sides that divide by 16 alone.
    const [width, height] = maker === 'openai' ? [64, 96] : [70, 90]
    expect(await sharp(picture.bytes).metadata()).toMatchObject({ width, height })
    expect(server.requests[0]?.fields).toMatchObject({ prompt: 'a "blue" sky', model: servedName })
    await edit()
    expect(server.requests[1]?.fields).not.toHaveProperty('size')
  })

  test('takes references without a source as an edit', async () => {
    const { server, source, edit } = await setUp(maker)
    await edit({ references: [source, source] })
    expect(server.requests[0]).toMatchObject({ path: '/images/edits' })
    expect(server.requests[0]?.files).toHaveLength(2)
  })

  test('gets a mask in its own field and form, or refuses it where it would be ignored', async () => {
    const { server, source, edit } = await setUp(maker)
    if (maker === 'sglang') {
      const error = await failureOf(edit({ source, mask: await halfMask(32, 24) }))
      expect(error).toMatchObject({ kind: 'rejected', code: 'MASK_UNSUPPORTED' })
      expect(server.calls).toBe(0)
      return
    }
    await edit({ source, mask: await halfMask(32, 24) })
    const mask = server.requests[0]?.files.find(({ field }) => field.startsWith('mask'))
    expect(mask).toMatchObject({
      field: maker === 'vllm-omni' ? 'mask_image' : 'mask',
      name: 'mask.png',
      type: 'image/png',
    })
    const { data, info } = await sharp(mask?.bytes).raw().toBuffer({ resolveWithObject: true })
    const at = (pixel: number) => data[pixel * info.channels + info.channels - 1]
    // White of ours is filled: transparent at OpenAI, white at diffusers.
    const [filled, kept] = maker === 'vllm-omni' ? [255, 0] : [0, 255]
    expect([at(0), at(32 * 24 - 1)]).toEqual([filled, kept])
    expect((await sharp(mask?.bytes).metadata()).channels).toBe(maker === 'vllm-omni' ? 1 : 4)
  })

  test('no parameter changes what the house decides', async () => {
    const { server, source, edit } = await setUp(maker)
    const parameters = { prompt: 'other', n: 4, model: 'other' }
    await edit({ source, parameters })
    expect(server.requests[0]?.fields).toMatchObject({ prompt: 'a "blue" sky', n: '1', model: servedName })
  })

  test('a mask without a source is refused before any call', async () => {
    const { server, edit } = await setUp(maker)
    expect(await failureOf(edit({ mask: await halfMask(8, 8) }))).toMatchObject({
      kind: 'rejected',
      code: 'SOURCE_MISSING',
    })
    expect(server.calls).toBe(0)
  })

  test('is asked for its health without an edit', async () => {
    const { server, probe } = await setUp(maker)
    await probe()
    expect(server.calls).toBe(0)
    await server.close()
    await expect(probe()).rejects.toMatchObject({ kind: 'failed' })
  })
})

describe('what a maker finds wrong', () => {
  test('vLLM-Omni serves one model, and says so', async () => {
    const { source, edit } = await setUp('vllm-omni', { servedModel: 'another' })
    expect(await failureOf(edit({ source }))).toMatchObject({ kind: 'rejected', code: 'ENGINE_REJECTED' })
  })

  test('OpenAI without a key speaks against the endpoint, not against the request', async () => {
    const { source, edit } = await setUp('openai', { key: null })
    expect(await failureOf(edit({ source }))).toMatchObject({ kind: 'failed', code: 'ENGINE_MISCONFIGURED' })
  })

  test('OpenAI refuses what only the open servers have', async () => {
    const { source, edit } = await setUp('openai')
    const error = await failureOf(edit({ source, parameters: { num_inference_steps: 3 } }))
    expect(error).toMatchObject({ kind: 'rejected' })
    expect(error.message).not.toContain('num_inference_steps')
  })
})
