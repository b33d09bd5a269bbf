// A whole job over each server as a fleet file lists it, and what the server was sent: the fields that it documents, and
// no other.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { editthinkerServiceIds, editthinkerServices } from '../workers/engines/editthinker-services.ts'
import { chatEntry, imagesEntry, jobKindOf, kindsAt, paperEntry, toFleet } from './support/engine-entries.ts'
import { type FakeEditthinker, startFakeEditthinker } from './support/fake-editthinker.ts'
import { serviceFacts } from './support/fake-editthinker-facts.ts'
import {
  type FakeImagesServer,
  type ImagesMaker,
  imagesFields,
  imagesMakers,
  startFakeImagesServer,
} from './support/fake-images-server.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import {
  createTwoRoundsTenant,
  readRounds,
  refinedPrompt,
  sayTwoRounds,
  submitTwoRounds,
  type TwoRoundsKind,
  type TwoRoundsTenant,
  twoRoundsSize,
} from './support/two-rounds.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const thinkerModel = 'thinker'
const services = editthinkerServiceIds.map(id => [id, jobKindOf[editthinkerServices[id].kind]] as const)

let setup: WorkerSetup
let thinker: FakeThinker
let papers: Map<string, FakeEditthinker>
let makes: Map<ImagesMaker, FakeImagesServer>
let tenant: TwoRoundsTenant

beforeAll(async () => {
  setup = await openWorkers()
  thinker = await startFakeThinker({ maker: 'vllm', say: sayTwoRounds })
  papers = new Map(
    await Promise.all(services.map(async ([id]) => [id, await startFakeEditthinker({ service: id })] as const)),
  )
  makes = new Map(
    await Promise.all(imagesMakers.map(async profile => [profile, await startFakeImagesServer({ profile })] as const)),
  )
  const editors = [
    ...services.map(([id]) => paperEntry(id, papers.get(id)?.url ?? '')),
    ...imagesMakers.map(profile => imagesEntry(profile, makes.get(profile)?.url ?? '')),
  ]
  const thinkers = [{ ...chatEntry('vllm', 'json', thinker.url, thinkerModel), topK: 20 }]
  await setup.start(toFleet({ editors, thinkers }))
  tenant = await createTwoRoundsTenant(setup)
}, 120_000)

afterAll(async () => {
  await setup.close()
  await Promise.all([thinker, ...papers.values(), ...makes.values()].map(server => server.close()))
})

/** Runs a job of two rounds; what it ended as, and its rounds. */
async function run(editor: string, kind: TwoRoundsKind) {
  const instruction = `a bluer sky at ${editor} for ${kind}`
  const jobId = await submitTwoRounds(setup, tenant, { kind, editor, thinker: thinkerModel, instruction })
  const end = await setup.finished(jobId)
  return { end, rounds: await readRounds(setup, jobId), instruction }
}

const succeeded = { status: 'SUCCEEDED', stopReason: 'SATISFIED', errorCode: null }

describe.each(services)('%s', (id, kind) => {
  test(`runs a whole ${kind} job on its own fields alone`, async () => {
    const { end, rounds, instruction } = await run(id, kind)
    expect(end).toMatchObject(succeeded)
    expect(rounds.map(({ prompt }) => prompt)).toEqual([instruction, refinedPrompt])
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
    const [width, height] = kind === 'GENERATE' ? (facts?.sizes?.['4:3'] ?? []) : twoRoundsSize
    expect(rounds).toMatchObject([
      { width, height },
      { width, height },
    ])
  })
})

const served = imagesMakers.flatMap(maker => kindsAt(maker).map(kind => [maker, kind] as const))

describe.each(served)('%s', (maker, kind) => {
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
    const [width, height] = kind === 'GENERATE' ? [1024, 768] : twoRoundsSize
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
  expect(generations.length).toBeGreaterThanOrEqual(2 * (3 + imagesMakers.length))
})
