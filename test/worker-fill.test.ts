// Fills from their tasks to their results: the editor in this process tells what it was asked for.

import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { storePicture } from '../src/images/store-image.ts'
import { makeBuiltinEngines } from '../workers/engines/builtin-engines.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { makeEngine } from '../workers/engines/make-engine.ts'
import type { FleetModel } from '../workers/fleet/fleet.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noise } from './support/pictures.ts'
import { recordingEditor } from './support/recording-editor.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const http = makeHttpClient()
const builtin = makeBuiltinEngines()
let setup: WorkerSetup
let thinker: FakeThinker
let tenantId: string
let sourceId: string
let maskId: string
beforeAll(async () => {
  ;[setup, thinker] = await Promise.all([openWorkers(), startFakeThinker()])
  tenantId = await setup.createTenant()
  sourceId = await store(await noise(48, 32).png().toBuffer())
  maskId = await store(await half(255))
})
afterEach(() => setup.stopWorkers())
afterAll(async () => {
  await setup.close()
  await Promise.all([thinker.close(), http.close(), builtin.close()])
})

async function store(bytes: Buffer): Promise<string> {
  return (await storePicture(setup.images, tenantId, bytes)).id
}

/** 48 x 32, black but for its right half, as colours with transparency. */
async function half(lightness: number): Promise<Buffer> {
  const right = await sharp({
    create: { width: 24, height: 32, channels: 3, background: { r: lightness, g: lightness, b: lightness } },
  })
    .png()
    .toBuffer()
  return sharp({ create: { width: 48, height: 32, channels: 4, background: '#000000ff' } })
    .composite([{ input: right, left: 24, top: 0 }])
    .png()
    .toBuffer()
}

/** A worker whose editor fills, and what it is asked. */
async function start(more: Partial<FleetModel> = {}) {
  const { editor, requests } = recordingEditor()
  const fleet = fakeFleet({ editors: ['http://editor.test/v1'], thinkers: [thinker.url] })
  const models = fleet.models.map((model): FleetModel => {
    return model.kinds.includes('EDITOR') ? { ...model, kinds: ['FILLER'], restoresSize: true, ...more } : model
  })
  const engineAt = (model: FleetModel, url: string) =>
    model.kinds.includes('THINKER') ? makeEngine({ http, builtin }, model, url) : { editor, thinker: null, probe: null }
  await setup.start({ models }, { engineAt })
  return requests
}

async function submit(job: Parameters<WorkerSetup['submit']>[1] = {}): Promise<string> {
  return await setup.submit(tenantId, { kind: 'FILL', sourceId, maskId, instruction: 'a red boat', ...job })
}

test('source and mask are sent in one size, and what is filled gets the size of the source back', async () => {
  const requests = await start({ maxPixels: 24 * 16 })
  const referenceIds = [await setup.createPicture(tenantId), await setup.createPicture(tenantId)]
  const jobId = await submit({ referenceIds, loop: { maxRounds: 1 } })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
  const [request] = requests
  expect(requests).toHaveLength(1)
  expect(request).toMatchObject({ prompt: 'a red boat', size: null, mask: { contentType: 'image/png' } })
  expect(request?.references).toHaveLength(2)
  const sent = { width: 24, height: 16 }
  expect(await sharp(request?.source?.bytes).metadata()).toMatchObject(sent)
  const mask = await sharp(request?.mask?.bytes).metadata()
  expect(mask).toMatchObject({ ...sent, channels: 1, depth: 'uchar' })
  const { data } = await sharp(request?.mask?.bytes).extractChannel(0).raw().toBuffer({ resolveWithObject: true })
  expect([...data].map((value, at) => value === (at % 24 < 12 ? 0 : 255))).toEqual(Array(24 * 16).fill(true))
  const { rows } = await setup.images.db.query(
    'select i.width, i.height from round r join image i on i.id = r.image_id where r.job_id = $1',
    [jobId],
  )
  expect(rows).toEqual([{ width: 48, height: 32 }])
})

test('the thinker sees the source and what was filled, or the source twice where it is evaluated first', async () => {
  const requests = await start()
  const before = thinker.chats.length
  await setup.finished(await submit({ loop: { firstRound: 'EVALUATE', maxRounds: 1 } }))
  const pictures = thinker.chats
    .slice(before)
    .map(({ body }) => body.messages.flatMap(({ content }) => content.flatMap(part => part.image_url?.url ?? [])))
  expect(pictures.map(urls => urls.length)).toEqual([2, 2])
  expect(pictures[0]?.[0]).toBe(pictures[0]?.[1])
  expect(pictures[1]?.[0]).toBe(pictures[0]?.[0])
  expect(pictures[1]?.[1]).not.toBe(pictures[1]?.[0])
  expect(requests).toHaveLength(1)
})

test('every round fills the source again, or with editFrom the picture before, under the same mask', async () => {
  const requests = await start()
  await setup.finished(await submit({ loop: { maxRounds: 2 } }))
  await setup.finished(await submit({ loop: { maxRounds: 2, editFrom: 'PREVIOUS' } }))
  const [first, second, third, fourth] = requests.map(({ source }) => source?.bytes.toString('base64'))
  expect(requests).toHaveLength(4)
  expect([second, third]).toEqual([first, first])
  expect(fourth).not.toBe(first)
  expect(new Set(requests.map(({ mask }) => mask?.bytes.toString('base64'))).size).toBe(1)
})

test('a mask without any white fills nothing, which no retry helps', async () => {
  const requests = await start()
  const jobId = await submit({ maskId: await store(await half(100)) })
  const ended = { status: 'FAILED', errorCode: 'MASK_EMPTY', errorMessage: expect.stringContaining('mask') }
  expect(await setup.finished(jobId)).toMatchObject(ended)
  expect(requests).toHaveLength(0)
})
