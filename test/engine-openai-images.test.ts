import { afterEach, describe, expect, test } from 'vitest'
import { makeHttpClient } from '../workers/engines/http.ts'
import { type OpenaiImagesConfig, openaiImagesEditor } from '../workers/engines/openai-images.ts'
import { editRequest } from './support/edit-request.ts'
import { failureOf } from './support/failure-of.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import type { FakeBehavior } from './support/fake-model-server.ts'
import { noisePng } from './support/pictures.ts'
import { until } from './support/until.ts'

const http = makeHttpClient({ maxAnswerBytes: 200_000 })
let server: FakeEditor | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp(
  profile: OpenaiImagesConfig['profile'],
  options: Parameters<typeof startFakeEditor>[0] = {},
  key: string | null = 'sk-test',
) {
  server = await startFakeEditor(options)
  const editor = openaiImagesEditor(http, { baseUrl: server.url, profile, servedModel: 'served-name', key })
  const source = { bytes: await noisePng(), contentType: 'image/png' }
  const edit = (more: object = {}, signal = new AbortController().signal) =>
    editor.edit(editRequest({ prompt: 'a "blue" sky', source, seed: 7, ...more }), signal)
  return { server, source, edit }
}

describe('one edit over /v1/images/edits', () => {
  test('sends prompt, model, key and picture, and gives the picture back', async () => {
    const { server, source, edit } = await setUp('vllm-omni')
    const { picture } = await edit()
    expect(picture.contentType).toBe('image/png')
    expect(picture.bytes.length).toBeGreaterThan(50)
    const [seen] = server.edits
    expect(seen?.authorization).toBe('Bearer sk-test')
    expect(seen?.fields).toMatchObject({ prompt: 'a "blue" sky', model: 'served-name', n: '1', seed: '7' })
    expect(seen?.fields.response_format).toBe('b64_json')
    expect(seen?.files).toEqual([{ field: 'image', name: 'image-1.png', type: 'image/png', bytes: source.bytes }])
  })

  test('OpenAI gets neither a seed nor a response format', async () => {
    const { server, edit } = await setUp('openai')
    await edit()
    expect(server.edits[0]?.fields).not.toHaveProperty('seed')
    expect(server.edits[0]?.fields).not.toHaveProperty('response_format')
  })

  test('SGLang is told not to rewrite the prompt', async () => {
    const { server, edit } = await setUp('sglang')
    await edit()
    expect(server.edits[0]?.fields.enhance_prompt).toBe('false')
  })

  test.each([
    ['openai', 'image[]'],
    ['generic', 'image[]'],
    ['vllm-omni', 'image'],
    ['sglang', 'image'],
  ] as const)('several pictures go to %s as repeated %s', async (profile, field) => {
    const { server, source, edit } = await setUp(profile)
    await edit({ references: [source, { ...source, contentType: 'image/jpeg' }] })
    const files = server.edits[0]?.files ?? []
    expect(files.map(file => file.field)).toEqual([field, field, field])
    expect(files.map(file => file.name)).toEqual(['image-1.png', 'image-2.png', 'image-3.jpg'])
  })

  test('parameters become form fields but cannot replace the prompt', async () => {
    const { server, edit } = await setUp('vllm-omni', {}, null)
    await edit({ parameters: { num_inference_steps: 28, true_cfg_scale: 4.5, prompt: 'other' } })
    expect(server.edits[0]?.fields).toMatchObject({
      num_inference_steps: '28',
      true_cfg_scale: '4.5',
      prompt: 'a "blue" sky',
    })
    expect(server.edits[0]?.authorization).toBeNull()
  })

  test('a parameter called as the mask is gives way to it', async () => {
    const { server, source, edit } = await setUp('vllm-omni')
    await edit({ mask: source, parameters: { mask_image: 'a text', strength: 1 } })
    const [seen] = server.edits
    expect(seen?.fields).toMatchObject({ strength: '1' })
    expect(seen?.fields).not.toHaveProperty('mask_image')
    expect(seen?.files.map(({ field, name }) => [field, name])).toEqual([
      ['image', 'image-1.png'],
      ['mask_image', 'mask.png'],
    ])
  })

  test('a data link is taken as it is', async () => {
    const answer = (_: unknown, picture: Buffer) => ({
      data: [{ url: `data:image/png;base64,${picture.toString('base64')}` }],
    })
    const { edit } = await setUp('generic', { answer })
    const { picture } = await edit()
    expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG')
  })
})

describe('a call that fails', () => {
  const refuse = (status: number, more: Partial<FakeBehavior> = {}): FakeBehavior => ({
    does: 'refuse',
    status,
    ...more,
  })

  test.each([
    ['a bad request', refuse(400), 'rejected', 'ENGINE_REJECTED'],
    ['an unprocessable one', refuse(422, { body: '{"detail":[{"loc":["image"]}]}' }), 'rejected', 'ENGINE_REJECTED'],
    [
      'a moderation refusal',
      refuse(400, { body: '{"error":{"code":"moderation_blocked"}}' }),
      'rejected',
      'CONTENT_REFUSED',
    ],
    ['a wrong key', refuse(401), 'failed', 'ENGINE_MISCONFIGURED'],
    ['an unknown model', refuse(404), 'failed', 'ENGINE_MISCONFIGURED'],
    ['too many requests', refuse(429), 'busy', 'ENGINE_BUSY'],
    ['an overloaded server', refuse(503), 'busy', 'ENGINE_BUSY'],
    ['a server fault', refuse(500), 'failed', 'ENGINE_FAILED'],
    ['a gateway fault', refuse(502, { body: '<html>' }), 'failed', 'ENGINE_FAILED'],
    ['an answer cut off', { does: 'breakOff' }, 'failed', 'ENGINE_UNREACHABLE'],
    ['an answer that is no JSON', { does: 'nonsense' }, 'failed', 'ENGINE_ANSWER_UNREADABLE'],
    ['an answer without a picture', { does: 'nonsense', body: '{"data":[{}]}' }, 'failed', 'ENGINE_ANSWER_UNREADABLE'],
    ['an answer over the limit', { does: 'nonsense', body: 'x'.repeat(300_000) }, 'failed', 'ENGINE_ANSWER_TOO_LARGE'],
  ] as const)('%s is told apart and shows neither body nor URL', async (_, behavior, kind, code) => {
    const { server, edit } = await setUp('generic', { behavior })
    const error = await failureOf(edit())
    expect({ kind: error.kind, code: error.code }).toEqual({ kind, code })
    expect(error.message).not.toMatch(/secret|127\.0\.0\.1|<html>|http:/)
    expect(server.calls).toBe(1)
  })

  test('Retry-After is passed on', async () => {
    const { server, edit } = await setUp('generic')
    server.behaveNext(
      refuse(429, { headers: { 'retry-after': '7' } }),
      refuse(503, { headers: { 'retry-after-ms': '250' } }),
      refuse(503, { headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } }),
      refuse(429),
    )
    expect((await failureOf(edit())).retryAfterMs).toBe(7_000)
    expect((await failureOf(edit())).retryAfterMs).toBe(250)
    expect((await failureOf(edit())).retryAfterMs).toBeGreaterThan(50_000)
    expect((await failureOf(edit())).retryAfterMs).toBeNull()
  })

  test('nobody at the address is an unreachable server', async () => {
    const { server, edit } = await setUp('generic')
    await server.close()
    const error = await failureOf(edit())
    expect({ kind: error.kind, code: error.code }).toEqual({ kind: 'failed', code: 'ENGINE_DOWN' })
  })

  test('an abort closes the socket at once', async () => {
    const { server, edit } = await setUp('generic', { behavior: { does: 'hang' } })
    const controller = new AbortController()
    const call = edit({}, controller.signal)
    await until('the call arrives', () => server.inFlight === 1)
    controller.abort(new Error('canceled'))
    await expect(call).rejects.toThrow('canceled')
    await until('the server sees it', () => server.aborted === 1)
  })
})
