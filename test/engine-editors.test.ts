// What every editor must do, whatever it speaks: one body over each engine, profile and kind of job.

import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import { editthinkerServiceIds, editthinkerServices } from '../workers/engines/editthinker-services.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { type Engine, makeEngine } from '../workers/engines/make-engine.ts'
import type { Fleet } from '../workers/fleet/fleet.ts'
import { builtinModel } from '../workers/fleet/fleet.ts'
import { editRequest } from './support/edit-request.ts'
import { failureOf } from './support/failure-of.ts'
import { startFakeEditthinker } from './support/fake-editthinker.ts'
import { serviceFacts } from './support/fake-editthinker-facts.ts'
import { startFakeImagesServer } from './support/fake-images-server.ts'
import type { FakeBehavior, FakeModelServer } from './support/fake-model-server.ts'
import { paintPicture } from './support/paint-picture.ts'
import { noisePng, pixelHash } from './support/pictures.ts'
import { until } from './support/until.ts'

type Settings = Fleet['models'][number]['settings']
type Kind = 'EDITOR' | 'FILLER' | 'GENERATOR'
type Server = FakeModelServer & { readonly requests: readonly unknown[] }
type Case = { name: string; kind: Kind; seeds: boolean; start: () => Promise<Server>; settings: Settings }

const key = 'sk-test'
const profiles = ['openai', 'vllm-omni', 'sglang'] as const
const kinds = ['EDITOR', 'FILLER', 'GENERATOR'] as const
const cases: Case[] = [
  ...profiles.flatMap(profile =>
    // SGLang ignores masks.
    kinds
      .filter(kind => profile !== 'sglang' || kind !== 'FILLER')
      .map(
        (kind): Case => ({
          name: `openai-images ${profile} ${kind}`,
          kind,
          seeds: profile !== 'openai',
          start: () => startFakeImagesServer({ profile }),
          settings: { engine: 'openai-images', profile, servedModel: 'served', key },
        }),
      ),
  ),
  ...editthinkerServiceIds.map(
    (service): Case => ({
      name: `editthinker ${service}`,
      kind: editthinkerServices[service].kind,
      seeds: true,
      start: () => startFakeEditthinker({ service }),
      settings: { engine: 'editthinker', service, key: null },
    }),
  ),
]

// The largest good answer is a generated picture of one color, far below the limit.
const http = makeHttpClient({ maxAnswerBytes: 200_000 })
let server: Server | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp({ kind, start, settings }: Case) {
  server = await start()
  const never = { edit: () => Promise.reject(new Error('not this one')) }
  const thinker = { critique: never.edit, polish: never.edit }
  const model = { ...builtinModel('editor', { capacity: 1 }), kinds: [kind], settings }
  const engine: Engine = makeEngine({ http, builtin: { editor: never, thinker } }, model, server.url)
  const bytes = await noisePng(32, 24)
  const source = { bytes, contentType: 'image/png' }
  const white = sharp({ create: { width: 32, height: 24, channels: 3, background: '#ffffff' } })
  const mask = { bytes: await white.toColourspace('b-w').png().toBuffer(), contentType: 'image/png' }
  const pictures = kind === 'EDITOR' ? { source } : kind === 'FILLER' ? { source, mask } : {}
  const edit = (signal = new AbortController().signal, seed = 7) => {
    if (!engine.editor) throw new Error('This engine has no editor.')
    return engine.editor.edit(editRequest({ prompt: 'a "blue" sky', seed, ...pictures }), signal)
  }
  return { server, engine, edit }
}

const refuse = (status: number, more: Partial<FakeBehavior> = {}): FakeBehavior => ({ does: 'refuse', status, ...more })

const failures: [string, FakeBehavior, string, string][] = [
  ['a bad request', refuse(400), 'rejected', 'ENGINE_REJECTED'],
  [
    'an unprocessable one',
    refuse(422, { body: '{"detail":[{"loc":["body","prompt"]}]}' }),
    'rejected',
    'ENGINE_REJECTED',
  ],
  ['too many requests', refuse(429, { headers: { 'retry-after': '3' } }), 'busy', 'ENGINE_BUSY'],
  ['an overloaded server', refuse(503, { headers: { 'retry-after': '3' } }), 'busy', 'ENGINE_BUSY'],
  ['a server fault', refuse(500, { body: '{"detail":"secret"}' }), 'failed', 'ENGINE_FAILED'],
  ['a gateway fault', refuse(502, { body: '<html>' }), 'failed', 'ENGINE_FAILED'],
  ['a hang-up in the middle', { does: 'breakOff' }, 'failed', 'ENGINE_UNREACHABLE'],
  ['an answer that is no JSON', { does: 'nonsense' }, 'failed', 'ENGINE_ANSWER_UNREADABLE'],
  ['an answer without a picture', { does: 'nonsense', body: '{"success":true}' }, 'failed', 'ENGINE_ANSWER_UNREADABLE'],
  ['an answer over the limit', { does: 'nonsense', body: 'x'.repeat(300_000) }, 'failed', 'ENGINE_ANSWER_TOO_LARGE'],
]

describe.each(cases)('$name', each => {
  test('gives the picture that the server made of prompt and seed', async () => {
    const { edit, engine } = await setUp(each)
    const { picture } = await edit()
    const { width, height } = await sharp(picture.bytes).metadata()
    const expected = await paintPicture(`a "blue" sky ${each.seeds ? 7 : undefined}`, { width, height })
    expect(await pixelHash(picture.bytes)).toBe(await pixelHash(expected))
    expect(picture.contentType).toBe('image/png')
    if (each.kind !== 'GENERATOR') expect([width, height]).toEqual([32, 24])
    await engine.probe?.(new AbortController().signal)
  })

  test.each(failures)('tells %s apart, asks once, and shows neither body nor URL', async (_, behavior, kind, code) => {
    const { server, edit } = await setUp(each)
    server.behave(behavior)
    const error = await failureOf(edit())
    expect({ kind: error.kind, code: error.code }).toEqual({ kind, code })
    expect(error.message).not.toMatch(/secret|127\.0\.0\.1|<html>|http:|prompt/)
    if (kind === 'busy') expect(error.retryAfterMs).toBe(3_000)
    expect(server.calls).toBe(1)
  })

  test('closes its socket at once when the call is aborted or takes too long', async () => {
    const { server, edit } = await setUp(each)
    server.behave({ does: 'hang' })
    const controller = new AbortController()
    const call = edit(controller.signal)
    await until('the call arrives', () => server.inFlight === 1)
    controller.abort(new Error('canceled'))
    await expect(call).rejects.toThrow('canceled')
    await until('the server sees it', () => server.aborted === 1)
    await expect(edit(AbortSignal.timeout(60))).rejects.toThrow()
    await until('the server sees that too', () => server.aborted === 2)
  })

  test('a server that is away is unreachable, for calls and for probes', async () => {
    const { server, edit, engine } = await setUp(each)
    await server.close()
    expect(await failureOf(edit())).toMatchObject({ kind: 'failed' })
    await expect(engine.probe?.(new AbortController().signal)).rejects.toMatchObject({ kind: 'failed' })
  })
})

test('the suite covers every service of the paper', () => {
  const covered = cases.flatMap(({ settings }) => (settings.engine === 'editthinker' ? [settings.service] : []))
  expect([...covered].sort()).toEqual(Object.keys(serviceFacts).sort())
})
