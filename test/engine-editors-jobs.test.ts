// A whole job over each server as a fleet file lists it, and what the server was sent: the fields that it documents, and
// no other.

import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { storePicture } from '../src/images/store-image.ts'
import { editthinkerServices } from '../workers/engines/editthinker-services.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'
import { type FakeEditthinker, startFakeEditthinker } from './support/fake-editthinker.ts'
import { serviceFacts } from './support/fake-editthinker-facts.ts'
import {
  type FakeImagesServer,
  type ImagesMaker,
  imagesFields,
  startFakeImagesServer,
} from './support/fake-images-server.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noisePng } from './support/pictures.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

type Kind = 'EDIT' | 'FILL' | 'GENERATE'

const thinkerModel = 'thinker'
const kindOf = { EDITOR: 'EDIT', FILLER: 'FILL', GENERATOR: 'GENERATE' } as const
const services = Object.entries(editthinkerServices).map(([id, { kind }]) => [id, kindOf[kind]] as const)
const makers: readonly ImagesMaker[] = ['openai', 'vllm-omni', 'sglang']
const kinds: readonly Kind[] = ['EDIT', 'FILL', 'GENERATE']
// SGLang ignores masks.
const kindsAt = (maker: ImagesMaker) => kinds.filter(kind => maker !== 'sglang' || kind !== 'FILL')

let setup: WorkerSetup
let thinker: FakeThinker
let papers: Map<string, FakeEditthinker>
let makes: Map<ImagesMaker, FakeImagesServer>
let tenantId: string
let sourceId: string
let maskId: string

beforeAll(async () => {
  setup = await openWorkers()
  const verdict = (score: number, refined: string | null) =>
    JSON.stringify({
      reason: 'seen',
      semantic: score,
      quality: score,
      is_satisfied: score > 7,
      new_rewritten_prompt: refined,
    })
  thinker = await startFakeThinker({ say: (_, call) => (call % 2 === 0 ? verdict(9, null) : verdict(4, 'more of it')) })
  papers = new Map(
    await Promise.all(services.map(async ([id]) => [id, await startFakeEditthinker({ service: id })] as const)),
  )
  makes = new Map(
    await Promise.all(makers.map(async profile => [profile, await startFakeImagesServer({ profile })] as const)),
  )
  const editors = [
    ...services.map(([id]) => ({ model: id, engine: 'editthinker', service: id, url: papers.get(id)?.url })),
    ...makers.map(profile => ({
      ...{ model: profile, engine: 'openai-images', profile, url: makes.get(profile)?.url, keyEnv: 'KEY' },
      kinds: kindsAt(profile).map(kind => kind.toLowerCase()),
    })),
  ]
  const thinkers = [
    { model: thinkerModel, engine: 'openai-chat', profile: 'vllm', style: 'json', url: thinker.url, topK: 20 },
  ]
  const env = { KEY: 'sk-test' }
  await setup.start(parseFleet(stringify({ editors, thinkers }), { path: 'fleet.yaml', env, readFile: () => '' }))
  tenantId = await setup.createTenant()
  const store = async (bytes: Buffer) => (await storePicture(setup.images, tenantId, bytes)).id
  sourceId = await store(
    await sharp(await noisePng(48, 32))
      .ensureAlpha(0.5)
      .png()
      .toBuffer(),
  )
  const white = { create: { width: 24, height: 32, channels: 3, background: '#ffffff' } } as const
  maskId = await store(await sharp(white).extend({ left: 24, background: '#000000' }).png().toBuffer())
}, 120_000)

afterAll(async () => {
  await setup.close()
  await Promise.all([thinker, ...papers.values(), ...makes.values()].map(server => server.close()))
})

/** Runs a job of two rounds; what it ended as, and the seeds and pictures' sizes of its rounds. */
async function run(editor: string, kind: Kind) {
  const pictures = kind === 'GENERATE' ? { size: { width: 1024, height: 768 } } : { sourceId }
  const fill = kind === 'FILL' ? { maskId } : {}
  const instruction = `a bluer sky at ${editor} for ${kind}`
  const jobId = await setup.submit(tenantId, { kind, editor, thinker: thinkerModel, instruction, ...pictures, ...fill })
  const end = await setup.finished(jobId)
  const { rows: rounds } = await setup.images.db.query<{ prompt: string; seed: number; width: number; height: number }>(
    `select r.prompt, r.seed, i.width, i.height from round r join image i on i.id = r.image_id
     where r.job_id = $1 order by r.index`,
    [jobId],
  )
  return { end, rounds, instruction }
}

const succeeded = { status: 'SUCCEEDED', stopReason: 'SATISFIED', errorCode: null }

describe.each(services)('%s', (id, kind) => {
  test(`runs a whole ${kind} job on its own fields alone`, async () => {
    const { end, rounds, instruction } = await run(id, kind)
    expect(end).toMatchObject(succeeded)
    expect(rounds.map(({ prompt }) => prompt)).toEqual([instruction, 'more of it'])
    const facts = serviceFacts[id]
    const documented = ['prompt', ...(facts?.pictures ?? []), ...Object.keys(facts?.fields ?? {})]
    const requests = papers.get(id)?.requests ?? []
    expect(requests).toHaveLength(2)
    // What the house leaves to the service: sizes that follow the source, several pictures of which one comes back, and a
    // default that stands in its script alone.
    const left = [
      'width',
      'height',
      'num_images_per_prompt',
      ...(id === 'flux_generation_api' ? ['negative_prompt'] : []),
    ]
    for (const [round, fields] of requests.entries()) {
      expect(Object.keys(fields).sort()).toEqual(documented.filter(name => !left.includes(name)).sort())
      expect(fields).toMatchObject({ prompt: rounds[round]?.prompt, seed: rounds[round]?.seed })
      expect(fields.num_inference_steps).toBe(facts?.fields.num_inference_steps?.usual)
      expect(fields.enhance_prompt ?? false).toBe(false)
    }
    const [width, height] = kind === 'GENERATE' ? (facts?.sizes?.['4:3'] ?? []) : [48, 32]
    expect(rounds).toMatchObject([
      { width, height },
      { width, height },
    ])
  })
})

describe.each(makers.flatMap(maker => kindsAt(maker).map(kind => [maker, kind] as const)))('%s', (maker, kind) => {
  test(`runs a whole ${kind} job on documented fields alone`, async () => {
    const server = makes.get(maker)
    const before = server?.requests.length ?? 0
    const { end, rounds } = await run(maker, kind)
    expect(end).toMatchObject(succeeded)
    const requests = server?.requests.slice(before) ?? []
    const path = kind === 'GENERATE' ? '/images/generations' : '/images/edits'
    expect(requests.map(request => request.path)).toEqual([path, path])
    for (const [round, { fields, files, authorization }] of requests.entries()) {
      expect(imagesFields[maker][path]).toEqual(expect.arrayContaining(Object.keys(fields)))
      expect(fields.prompt).toBe(rounds[round]?.prompt)
      if (maker !== 'openai') expect(Number(fields.seed)).toBe(rounds[round]?.seed)
      expect(files).toHaveLength({ EDIT: 1, FILL: 2, GENERATE: 0 }[kind])
      expect(authorization).toBe('Bearer sk-test')
    }
    const [width, height] = kind === 'GENERATE' ? [1024, 768] : [48, 32]
    expect(rounds).toMatchObject([
      { width, height },
      { width, height },
    ])
  })
})

test('the thinker was sent what vLLM documents, with one picture for each generation', () => {
  const documented = ['model', 'messages', 'seed', 'temperature', 'top_k', 'max_completion_tokens', 'response_format']
  for (const { body } of thinker.chats) {
    expect(Object.keys(body).sort()).toEqual([...documented].sort())
    const parts = body.messages[0]?.content ?? []
    const isGeneration = parts.some(({ text }) => text?.includes('[Result]'))
    expect(parts.filter(({ type }) => type === 'image_url')).toHaveLength(isGeneration ? 1 : 2)
  }
  const generations = thinker.chats.filter(({ body }) => body.messages[0]?.content[1]?.text?.includes('[Result]'))
  expect(generations.length).toBeGreaterThanOrEqual(2 * (3 + makers.length))
})
