// Every engine hangs up once in the middle of an answer: its headers and half of its body come, then the connection ends.
// One job at each, all at once; each must end as if nothing had happened, and nothing that was submitted is submitted again.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { editthinkerServiceIds, editthinkerServices } from '../workers/engines/editthinker-services.ts'
import type { FleetEntry } from './support/engine-entries.ts'
import {
  chatEntry,
  comfyEntry,
  imagesEntry,
  jobKindOf,
  kindsAt,
  paperEntry,
  providerEntry,
  toFleet,
} from './support/engine-entries.ts'
import { startFakeComfyui } from './support/fake-comfyui.ts'
import { startFakeEditthinker } from './support/fake-editthinker.ts'
import { imagesMakers, startFakeImagesServer } from './support/fake-images-server.ts'
import type { FakeModelServer } from './support/fake-model-server.ts'
import { type FakeRoute, startFakeProvider } from './support/fake-provider.ts'
import { type ChatMaker, startFakeThinker } from './support/fake-thinker.ts'
import { expectAllDoneOnce } from './support/job-ends.ts'
import {
  createTwoRoundsTenant,
  readRounds,
  refinedPrompt,
  sayTwoRounds,
  submitTwoRounds,
  type TwoRoundsKind,
  type TwoRoundsTenant,
} from './support/two-rounds.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

/** A fake that will hang up once. `count`: what it was given to do so far, the call that broke off among it. */
type Running = { entry: FleetEntry; count: () => number; close: () => Promise<void> }

/** `given`: how often two rounds and one hang-up ask it to do something. */
type Case = { name: string; list: 'editors' | 'thinkers'; kind: TwoRoundsKind; given: number; start: Start }
type Start = (model: string) => Promise<Running>

const chatMakers: readonly ChatMaker[] = ['openai', 'vllm', 'sglang', 'generic']
const hosted = {
  bfl: 'flux-kontext-pro',
  replicate: 'black-forest-labs/flux-kontext-pro',
  fal: 'fal-ai/flux-pro/kontext',
}
const routes: Record<keyof typeof hosted, readonly FakeRoute[]> = {
  bfl: ['status', 'download'],
  replicate: ['status', 'download'],
  fal: ['status', 'result', 'download'],
}

/** A server that makes what it is asked for in the call itself: a call that broke off is made once more. */
function hangsUp(server: FakeModelServer, entry: FleetEntry): Running {
  server.behaveNext({ does: 'breakOff' })
  return { entry, count: () => server.calls, close: () => server.close() }
}

const inTheCall = { list: 'editors', given: 3 } as const
const submitted = { list: 'editors', given: 2, kind: 'EDIT' } as const

const cases: Case[] = [
  ...editthinkerServiceIds.map(
    (service): Case => ({
      ...{ name: service, ...inTheCall, kind: jobKindOf[editthinkerServices[service].kind] },
      start: async model => {
        const server = await startFakeEditthinker({ service })
        return hangsUp(server, paperEntry(service, server.url, model))
      },
    }),
  ),
  ...imagesMakers.flatMap(profile =>
    kindsAt(profile).map(
      (kind): Case => ({
        ...{ name: `${profile} ${kind}`, ...inTheCall, kind },
        start: async model => {
          const server = await startFakeImagesServer({ profile })
          return hangsUp(server, imagesEntry(profile, server.url, model))
        },
      }),
    ),
  ),
  ...['/upload', '/prompt', '/history', '/view'].map(
    (path): Case => ({
      ...{ name: `comfyui ${path}`, ...submitted },
      start: async model => {
        const server = await startFakeComfyui()
        server.behaveNext(path, { does: 'breakOff' })
        return { entry: comfyEntry(server.url, model), count: () => server.prompts.length, close: server.close }
      },
    }),
  ),
  ...(['bfl', 'replicate', 'fal'] as const).flatMap(provider =>
    routes[provider].map(
      (route): Case => ({
        ...{ name: `${provider} ${route}`, ...submitted },
        start: async model => {
          const server = await startFakeProvider(provider)
          server.behaveNext(route, { does: 'breakOff' })
          const entry = providerEntry(provider, hosted[provider], server.url, model)
          return { entry, count: () => server.seen('submit').length, close: server.close }
        },
      }),
    ),
  ),
  ...chatMakers.flatMap(maker =>
    (['tagged', 'json'] as const).map(
      (style): Case => ({
        ...{ name: `${maker} chat ${style}`, list: 'thinkers', kind: 'EDIT', given: 3 },
        start: async model => {
          const server = await startFakeThinker({ maker, say: sayTwoRounds })
          return hangsUp(server, chatEntry(maker, style, server.url, model))
        },
      }),
    ),
  ),
]

const usual = { editor: 'usual-editor', thinker: 'usual-thinker' }
let setup: WorkerSetup
let close: () => Promise<unknown>
let jobs: Map<Case, Running & TwoRoundsTenant & { jobId: string }>

beforeAll(async () => {
  setup = await openWorkers()
  const editor = await startFakeImagesServer({ profile: 'vllm-omni' })
  const thinker = await startFakeThinker({ say: sayTwoRounds })
  const running = await Promise.all(
    cases.map(async (each, index) => ({ each, ...(await each.start(`model-${index}`)) })),
  )
  close = () => Promise.all([editor, thinker, ...running].map(server => server.close()))
  const listed = (list: Case['list']) => running.filter(({ each }) => each.list === list).map(({ entry }) => entry)
  await setup.start(
    toFleet({
      editors: [imagesEntry('vllm-omni', editor.url, usual.editor), ...listed('editors')],
      thinkers: [chatEntry('vllm', 'json', thinker.url, usual.thinker), ...listed('thinkers')],
    }),
  )
  jobs = new Map()
  for (const { each, ...server } of running) {
    const tenant = await createTwoRoundsTenant(setup)
    const own = each.list === 'editors' ? { editor: server.entry.model } : { thinker: server.entry.model }
    const jobId = await submitTwoRounds(setup, tenant, { kind: each.kind, ...usual, ...own })
    jobs.set(each, { ...server, ...tenant, jobId })
  }
}, 60_000)

afterAll(async () => {
  await setup.close()
  await close()
})

describe.each(cases)('$name', each => {
  test('hangs up once, and its job ends right', async () => {
    const job = jobs.get(each)
    if (!job) throw new Error('It was not submitted.')
    const { jobId, tenantId, count } = job
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'SATISFIED' })
    await expectAllDoneOnce(setup.images.db, tenantId, { jobs: 1, rounds: 2 })
    expect((await readRounds(setup, jobId)).map(({ prompt }) => prompt)).toEqual([expect.any(String), refinedPrompt])
    const { rows } = await setup.images.db.query(
      `select t.stage::text as stage, a.error_code as code from attempt a join task t on t.id = a.task_id
       where t.job_id = $1 and a.outcome <> 'DONE'`,
      [jobId],
    )
    expect(rows).toEqual([{ stage: each.list === 'editors' ? 'EDIT' : 'THINK', code: 'ENGINE_UNREACHABLE' }])
    expect(count()).toBe(each.given)
  })
})
