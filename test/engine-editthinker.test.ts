import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import { editthinkerEditor, probeEditthinker } from '../workers/engines/editthinker.ts'
import {
  type EditthinkerServiceId,
  editthinkerServiceIds,
  editthinkerServices,
} from '../workers/engines/editthinker-services.ts'
import { type EditRequest, EngineError } from '../workers/engines/engine.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { editRequest } from './support/edit-request.ts'
import { failureOf } from './support/failure-of.ts'
import { type FakeEditthinker, type FakeGpus, startFakeEditthinker } from './support/fake-editthinker.ts'
import { serviceFacts } from './support/fake-editthinker-facts.ts'
import { noisePng, pixelHash } from './support/pictures.ts'

const http = makeHttpClient()
const signal = new AbortController().signal
let server: FakeEditthinker | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp(service: EditthinkerServiceId, options: Partial<Parameters<typeof startFakeEditthinker>[0]> = {}) {
  server = await startFakeEditthinker({ service, ...options })
  const config = { baseUrl: server.url, service, key: null }
  const source = { bytes: await noisePng(40, 24), contentType: 'image/png' }
  const mask = {
    bytes: await sharp(source.bytes).extractChannel(0).threshold().png().toBuffer(),
    contentType: 'image/png',
  }
  const { kind } = editthinkerServices[service]
  const pictures = kind === 'EDITOR' ? { source } : kind === 'FILLER' ? { source, mask } : {}
  const editor = editthinkerEditor(http, config)
  const edit = (more: Partial<EditRequest> = {}) =>
    editor.edit(editRequest({ prompt: 'a "blue" sky', seed: 77, ...pictures, ...more }), signal)
  return { server, source, mask, edit, probe: () => probeEditthinker(http, config, signal) }
}

describe.each(editthinkerServiceIds)('the service %s', id => {
  const facts = serviceFacts[id]
  const { parameters } = editthinkerServices[id]

  test('has the parameters, defaults and ranges that it documents', () => {
    const notOffered = ['seed', 'enhance_prompt', 'width', 'height', 'num_images_per_prompt']
    const documented = Object.entries(facts?.fields ?? {}).filter(([name]) => !notOffered.includes(name))
    expect(parameters.map(({ name }) => name).sort()).toEqual(documented.map(([name]) => name).sort())
    for (const { name, default: usual, min, max } of parameters) {
      const fact = facts?.fields[name]
      expect({ name, min, max }).toEqual({ name, min: fact?.min ?? null, max: fact?.max ?? null })
      if (usual !== null) expect({ name, usual }).toEqual({ name, usual: fact?.usual })
    }
  })

  test('is sent its own fields and no other, with our seed and without prompt rewriting', async () => {
    const { server, source, mask, edit } = await setUp(id)
    const strangers = { num_inference_step: 28, width: 1024, height: 1024, prompt: 'other', seed: 1, lora: 'x' }
    const own = Object.fromEntries(
      parameters.flatMap(({ name, default: usual }) => (usual === null ? [] : [[name, usual]])),
    )
    const { picture } = await edit({ parameters: { ...own, ...strangers, enhance_prompt: true } })
    expect(picture.contentType).toBe('image/png')
    const [seen] = server.requests
    expect(seen).toEqual({
      prompt: 'a "blue" sky',
      ...own,
      seed: 77,
      ...(facts?.fields.enhance_prompt && { enhance_prompt: false }),
      ...(facts?.pictures.includes('image') && { image: source.bytes.toString('base64') }),
      ...(facts?.pictures.includes('mask_image') && { mask_image: mask.bytes.toString('base64') }),
    })
  })

  test('is told by its own name what other servers of its model call true_cfg_scale', async () => {
    const { server, edit } = await setUp(id)
    await edit({ parameters: { guidance_scale: 4, true_cfg_scale: 2.5 } })
    const own = parameters.some(({ name }) => name === 'guidance_scale')
    const told = id.startsWith('qwen_') ? 2.5 : own ? 4 : undefined
    expect(server.requests[0]?.guidance_scale).toBe(told)
    expect(server.requests[0]).not.toHaveProperty('true_cfg_scale')
  })

  test('tells of a full queue, its time limit and other failures by its words', async () => {
    const { server, edit } = await setUp(id)
    const says = (detail: unknown, status = 500) =>
      ({ does: 'refuse', status, body: JSON.stringify({ detail }) }) as const
    const cases = [
      [says(`${facts?.failsWith}: 任务队列已满`), 'busy', 'ENGINE_BUSY'],
      [says(`${facts?.failsWith}: 任务超时`), 'failed', 'ENGINE_TIMED_OUT'],
      [says(`${facts?.failsWith}: CUDA out of memory`), 'failed', 'ENGINE_FAILED'],
      [says('编辑图像时发生异常: cannot identify image file'), 'failed', 'ENGINE_FAILED'],
      [says('GPU管理器未初始化', 503), 'busy', 'ENGINE_BUSY'],
      [says('必须提供输入图像', 400), 'rejected', 'ENGINE_REJECTED'],
      [says([{ type: 'missing', loc: ['body', 'prompt'] }], 422), 'rejected', 'ENGINE_REJECTED'],
      [{ does: 'refuse', status: 500, body: '<html>' } as const, 'failed', 'ENGINE_FAILED'],
    ] as const
    for (const [behavior, kind, code] of cases) {
      server.behaveNext(behavior)
      const error = await failureOf(edit())
      expect({ kind: error.kind, code: error.code }).toEqual({ kind, code })
      expect(error.message).not.toMatch(/[\u4e00-\u9fff]|CUDA/)
    }
  })

  test('a failure inside a good status is a failure', async () => {
    const { edit } = await setUp(id, { answer: good => ({ ...good, success: false }) })
    expect(await failureOf(edit())).toMatchObject({ kind: 'failed', code: 'ENGINE_FAILED' })
  })

  test('an answer whose picture stands in another field is unreadable', async () => {
    const { edit } = await setUp(id, {
      answer: ({ image, edited_image, filled_image, ...rest }) => ({ ...rest, picture: image }),
    })
    expect(await failureOf(edit())).toMatchObject({ code: 'ENGINE_ANSWER_UNREADABLE' })
  })

  test('is well only with a GPU manager that has started processes', async () => {
    const health = async (gpus: FakeGpus) => {
      await server?.close()
      return (await setUp(id, { gpus })).probe()
    }
    await expect(health({ hasManager: true, activeWorkers: 8 })).resolves.toBeUndefined()
    await expect(health({ hasManager: true, activeWorkers: 0 })).rejects.toMatchObject({ code: 'ENGINE_NOT_READY' })
    await expect(health({ hasManager: false, activeWorkers: 0 })).rejects.toBeInstanceOf(EngineError)
  })
})

describe('a picture for the pipeline', () => {
  test('is plain RGB in PNG, whatever the source was', async () => {
    const { server, edit } = await setUp('qwen_edit_api')
    const noise = await noisePng(30, 20)
    const jpeg = await sharp(noise).jpeg().toBuffer()
    const clear = await sharp(noise).ensureAlpha(0.5).png().toBuffer()
    const grey = await sharp(noise).toColourspace('b-w').png().toBuffer()
    const palette = await sharp(noise).png({ palette: true, colours: 8 }).toBuffer()
    for (const bytes of [jpeg, clear, grey, palette]) await edit({ source: { bytes, contentType: 'image/png' } })
    const sent = server.requests.map(({ image }) => Buffer.from(String(image), 'base64'))
    for (const bytes of sent)
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', channels: 3, width: 30, height: 20 })
    expect(await pixelHash(sent[0] as Buffer)).toBe(await pixelHash(jpeg)) // it was asked for four times
  })

  test('an editor without a source, and a filler without a mask, are refused before any call', async () => {
    const edited = await setUp('flux_edit_api')
    expect(await failureOf(edited.edit({ source: null }))).toMatchObject({ kind: 'rejected', code: 'SOURCE_MISSING' })
    expect(edited.server.calls).toBe(0)
    await edited.server.close()
    const filled = await setUp('flux_fill_api')
    expect(await failureOf(filled.edit({ mask: null }))).toMatchObject({ kind: 'rejected', code: 'MASK_MISSING' })
    expect(filled.server.calls).toBe(0)
  })
})

describe('the shape of a generated picture', () => {
  test.each([
    [1024, 1024, '1:1'],
    [1920, 1080, '16:9'],
    [1080, 1920, '9:16'],
    [800, 600, '4:3'],
    [600, 800, '3:4'],
    [1500, 1000, '3:2'],
    [1000, 1500, '2:3'],
    [4000, 1000, '16:9'],
    [1100, 1000, '1:1'],
  ])('%d x %d is made as %s', async (width, height, ratio) => {
    const { server, edit } = await setUp('qwen_generation_api')
    const { picture } = await edit({ size: { width, height }, parameters: { aspect_ratio: '1:1' } })
    expect(server.requests[0]?.aspect_ratio).toBe(ratio)
    const made = await sharp(picture.bytes).metadata()
    expect([made.width, made.height]).toEqual(serviceFacts.qwen_generation_api?.sizes?.[ratio])
  })

  test('one that it does not have is refused, where it would silently make a square', async () => {
    const { server, edit } = await setUp('flux_generation_api')
    await edit({ parameters: { aspect_ratio: '3:2' } })
    expect(server.requests[0]?.aspect_ratio).toBe('3:2')
    const error = await failureOf(edit({ parameters: { aspect_ratio: '21:9' } }))
    expect(error).toMatchObject({ kind: 'rejected', code: 'INVALID_PARAMETER' })
    expect(server.calls).toBe(1)
  })
})
