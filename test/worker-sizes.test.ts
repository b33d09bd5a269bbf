// Sizes of pictures from their jobs to the server and back: each model of the fleet file is sent what it divides.

import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { storePicture } from '../src/images/store-image.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'
import { type FakeImagesServer, startFakeImagesServer } from './support/fake-images-server.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noisePng } from './support/pictures.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

type Size = [width: number, height: number]

// In the catalogue; its sides divide by 16.
const known = 'qwen-image-edit-2511'
const knownGenerator = 'qwen-image'
const unknown = 'mine'
const inEights = 'mine-in-eights'

let setup: WorkerSetup
let server: FakeImagesServer
let thinker: FakeThinker
let tenantId: string
let seen: number

beforeAll(async () => {
  ;[setup, server, thinker] = await Promise.all([
    openWorkers(),
    startFakeImagesServer({ profile: 'vllm-omni' }),
    startFakeThinker(),
  ])
  tenantId = await setup.createTenant()
  const common = { engine: 'openai-images', profile: 'vllm-omni', url: server.url }
  const editors = [
    { ...common, model: known, maxPixels: 400_000, kinds: ['edit', 'fill'] },
    { ...common, model: knownGenerator, kinds: ['generate'] },
    { ...common, model: unknown },
    { ...common, model: inEights, multipleOf: 8 },
  ]
  const thinkers = [{ model: 'thinker', engine: 'openai-chat', style: 'json', url: thinker.url }]
  await setup.start(parseFleet(stringify({ editors, thinkers }), { path: 'fleet.yaml', env: {}, readFile: () => '' }))
})
beforeEach(() => {
  seen = server.requests.length
})
afterAll(async () => {
  await setup.close()
  await Promise.all([server.close(), thinker.close()])
})

async function store([width, height]: Size): Promise<string> {
  return (await storePicture(setup.images, tenantId, await noisePng(width, height))).id
}

/** Runs a job of one round; the sizes of the pictures that it sent, in their order, and of the one that it stored. */
async function run(editor: string, job: Parameters<WorkerSetup['submit']>[1]): Promise<{ sent: Size[]; made: Size[] }> {
  const jobId = await setup.submit(tenantId, { editor, thinker: 'thinker', loop: { maxRounds: 1 }, ...job })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
  const files = server.requests.slice(seen).flatMap(request => request.files)
  const sent = await Promise.all(files.map(async ({ bytes }) => sizeOf(await sharp(bytes).metadata())))
  const { rows } = await setup.images.db.query<{ width: number; height: number }>(
    'select i.width, i.height from round r join image i on i.id = r.image_id where r.job_id = $1',
    [jobId],
  )
  return { sent, made: rows.map(sizeOf) }
}

function sizeOf({ width, height }: { width: number; height: number }): Size {
  return [width, height]
}

test.each<[string, string, Size, Size]>([
  ['a photo', known, [640, 427], [640, 432]],
  ['one that must shrink', known, [1_280, 854], [768, 512]],
  ['a banner', known, [1_200, 40], [1_200, 48]],
  ['a thumbnail', known, [15, 5], [16, 16]],
  ['a photo at a model that the file tells of', inEights, [642, 427], [640, 424]],
  ['a photo at a model that nobody tells of', unknown, [641, 427], [641, 427]],
])('%s is sent to %s in what it divides and comes back as large as it was', async (_, editor, size, expected) => {
  expect(await run(editor, { sourceId: await store(size) })).toEqual({ sent: [expected], made: [size] })
})

test('the mask and every reference divide too', async () => {
  const size: Size = [300, 201]
  const white = sharp({ create: { width: 300, height: 201, channels: 3, background: '#ffffff' } })
  const maskId = (await storePicture(setup.images, tenantId, await white.png().toBuffer())).id
  const referenceIds = [await store([100, 30]), await store([64, 64])]
  const { sent, made } = await run(known, { kind: 'FILL', sourceId: await store(size), maskId, referenceIds })
  expect(sent).toEqual([
    [304, 208],
    [96, 32],
    [64, 64],
    [304, 208],
  ])
  expect(made).toEqual([size])
})

test('a generation asks for sides that the model divides', async () => {
  const { made } = await run(knownGenerator, { kind: 'GENERATE', size: { width: 1_000, height: 700 } })
  expect(server.requests.at(-1)?.fields).toMatchObject({ size: '1008x704' })
  expect(made).toEqual([[1_008, 704]])
})
