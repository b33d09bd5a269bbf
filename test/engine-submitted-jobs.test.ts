// A whole job over each server that takes an edit, gives an id and is polled: exactly what it was sent, field by field, in
// the two rounds that a thinker asks for.

import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProviderId } from '../workers/engines/providers/providers.ts'
import { comfyWorkflow } from './support/comfy-workflow.ts'
import { chatEntry, comfyEntry, providerEntry, toFleet } from './support/engine-entries.ts'
import { type FakeComfyui, startFakeComfyui } from './support/fake-comfyui.ts'
import { type FakeProvider, fakeProviderKey, startFakeProvider } from './support/fake-provider.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { expectAllDoneOnce } from './support/job-ends.ts'
import {
  createTwoRoundsTenant,
  readRounds,
  refinedPrompt,
  sayTwoRounds,
  submitTwoRounds,
  type TwoRoundsKind,
  twoRoundsSize,
} from './support/two-rounds.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

type Case = {
  provider: ProviderId
  model: string
  kind: TwoRoundsKind
  /** Where it is submitted. */
  path: string
  /** The fields of the pictures, the source first. */
  pictures: readonly string[]
  /** Every other field but prompt and seed. */
  fields: Record<string, unknown>
}

const png = { output_format: 'png' }
const cases: Case[] = [
  {
    ...{ provider: 'bfl', model: 'flux-kontext-pro', kind: 'EDIT', path: '/v1/flux-kontext-pro' },
    ...{ pictures: ['input_image'], fields: { ...png, prompt_upsampling: false } },
  },
  {
    ...{ provider: 'bfl', model: 'flux-pro-1.0-fill', kind: 'FILL', path: '/v1/flux-pro-1.0-fill' },
    ...{ pictures: ['image', 'mask'], fields: { ...png, prompt_upsampling: false } },
  },
  {
    ...{ provider: 'bfl', model: 'flux-2-pro', kind: 'GENERATE', path: '/v1/flux-2-pro' },
    ...{ pictures: [], fields: { ...png, width: 1_024, height: 768 } },
  },
  {
    ...{ provider: 'replicate', model: 'black-forest-labs/flux-kontext-pro', kind: 'EDIT' },
    path: '/v1/models/black-forest-labs/flux-kontext-pro/predictions',
    ...{ pictures: ['input_image'], fields: { ...png, aspect_ratio: 'match_input_image', prompt_upsampling: false } },
  },
  {
    ...{ provider: 'fal', model: 'fal-ai/flux-pro/kontext', kind: 'EDIT', path: '/fal-ai/flux-pro/kontext' },
    ...{ pictures: ['image_url'], fields: { ...png, enhance_prompt: false } },
  },
  {
    ...{ provider: 'fal', model: 'fal-ai/flux-pro/v1/fill', kind: 'FILL', path: '/fal-ai/flux-pro/v1/fill' },
    ...{ pictures: ['image_url', 'mask_url'], fields: { ...png, enhance_prompt: false } },
  },
]

const kindNames = { EDIT: 'edit', FILL: 'fill', GENERATE: 'generate' }
let setup: WorkerSetup
let thinker: FakeThinker
let comfy: FakeComfyui
let servers: FakeProvider[]
/** By editor. All run at once: most of their time is between two looks. */
let jobs: Map<string, { jobId: string; tenantId: string }>

const instructionOf = (editor: string) => `a bluer sky at ${editor}`

beforeAll(async () => {
  setup = await openWorkers()
  thinker = await startFakeThinker({ maker: 'vllm', say: sayTwoRounds })
  comfy = await startFakeComfyui()
  servers = await Promise.all(cases.map(({ provider }) => startFakeProvider(provider)))
  const entries = cases.map(({ provider, model, kind }, index) => ({
    ...providerEntry(provider, model, servers[index]?.url ?? ''),
    kinds: [kindNames[kind]],
  }))
  await setup.start(
    toFleet({
      editors: [comfyEntry(comfy.url), ...entries],
      thinkers: [chatEntry('vllm', 'json', thinker.url, 'thinker')],
    }),
  )
  jobs = new Map()
  for (const { model: editor, kind } of [...cases, { model: 'comfy', kind: 'EDIT' } as const]) {
    const tenant = await createTwoRoundsTenant(setup)
    const job = { kind, editor, thinker: 'thinker', instruction: instructionOf(editor) }
    jobs.set(editor, { jobId: await submitTwoRounds(setup, tenant, job), tenantId: tenant.tenantId })
  }
}, 60_000)

afterAll(async () => {
  await setup.close()
  await Promise.all([thinker, comfy, ...servers].map(server => server.close()))
})

/** The two rounds of the editor's job once it has ended, each of them done once. */
async function roundsOf(editor: string) {
  const { jobId, tenantId } = jobs.get(editor) ?? { jobId: '', tenantId: '' }
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'SATISFIED', errorCode: null })
  await expectAllDoneOnce(setup.images.db, tenantId, { jobs: 1, rounds: 2 })
  const rounds = await readRounds(setup, jobId)
  expect(rounds.map(({ prompt }) => prompt)).toEqual([instructionOf(editor), refinedPrompt])
  return rounds
}

describe.each(cases)('$model of $provider', ({ provider, model, kind, path, pictures, fields }) => {
  test(`runs a whole ${kind} job by one submit a round, on documented fields alone`, async () => {
    const rounds = await roundsOf(model)
    const requests = servers[cases.findIndex(each => each.model === model)]?.requests ?? []
    const ofRound = ['submit', 'status', 'status', ...(provider === 'fal' ? ['result'] : []), 'download']
    expect(requests.map(({ route }) => route)).toEqual([...ofRound, ...ofRound])
    for (const { route, key } of requests) expect(key).toBe(route === 'download' ? null : fakeProviderKey)
    const submits = requests.filter(({ route }) => route === 'submit')
    for (const [round, submit] of submits.entries()) {
      expect([submit.method, submit.path]).toEqual(['POST', path])
      const body = submit.body as Record<string, unknown> // JSON, as the fake has read it
      const input = (provider === 'replicate' ? body.input : body) as Record<string, unknown>
      if (provider === 'replicate') expect(Object.keys(body)).toEqual(['input'])
      const { prompt, seed } = rounds[round] ?? {}
      const sent = Object.fromEntries(pictures.map(name => [name, expect.any(String)]))
      expect(input).toEqual({ ...fields, ...sent, prompt, seed })
      for (const name of pictures) {
        const [, type, data = ''] = /^(?:data:(image\/\w+);base64,)?([A-Za-z0-9+/]+=*)$/.exec(String(input[name])) ?? []
        expect(type).toBe(provider === 'bfl' ? undefined : 'image/png')
        const { width, height } = await sharp(Buffer.from(data, 'base64')).metadata()
        expect([width, height]).toEqual(twoRoundsSize)
      }
    }
    expect(rounds).toMatchObject(rounds.map(() => squareOfFakes))
  })
})

// What the fakes make, whatever they are given. It has another shape than the source, so it is kept as it is.
const squareOfFakes = { width: 16, height: 16 }

test('a ComfyUI workflow runs a whole job, each round as one prompt with nothing changed but what is bound', async () => {
  const rounds = await roundsOf('comfy')
  expect(rounds).toMatchObject(rounds.map(() => squareOfFakes))
  expect(comfy.prompts).toHaveLength(2)
  for (const [round, { id, graph }] of comfy.prompts.entries()) {
    const { prompt, seed } = rounds[round] ?? {}
    const image = [...comfy.inputs.keys()].find(name => name === graph['10']?.inputs.image)
    expect(graph).toEqual({
      ...comfyWorkflow,
      3: { ...comfyWorkflow[3], inputs: { ...comfyWorkflow[3].inputs, seed } },
      6: { ...comfyWorkflow[6], inputs: { text: prompt } },
      9: { ...comfyWorkflow[9], inputs: { ...comfyWorkflow[9].inputs, filename_prefix: `edit-${id}` } },
      10: { ...comfyWorkflow[10], inputs: { image } },
    })
    const { width, height } = await sharp(comfy.inputs.get(image ?? '')).metadata()
    expect([width, height]).toEqual(twoRoundsSize)
    expect(comfy.prompts.filter(each => each.id === id)).toHaveLength(1)
  }
  const steps = comfy.requests.filter(request => !/system_stats|GET \/queue/.test(request))
  const ofRound = (id: string) => [
    'POST /upload/image',
    'POST /prompt',
    `GET /history/${id}`,
    `GET /history/${id}`,
    'GET /view',
  ]
  expect(steps).toEqual(comfy.prompts.flatMap(({ id }) => ofRound(id)))
})
