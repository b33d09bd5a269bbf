// Weaknesses of what the paper's own script asks of its services, each shown to be absent from ours over real HTTP: a step
// count under a name that no service knows (1), blind retries that lose the reason (6), all pictures in memory at once and
// small ones shrunk to nothing (12), further source pictures left out (13).

import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InvalidInputError } from '../src/errors.ts'
import { storePicture } from '../src/images/store-image.ts'
import { imagesParameters } from '../workers/engines/images-parameters.ts'
import type { FleetModel } from '../workers/fleet/fleet.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noisePng, pixelHash } from './support/pictures.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let tenantId: string
let editor: FakeEditor
let thinker: FakeThinker

beforeEach(async () => {
  setup = await openWorkers()
  tenantId = await setup.createTenant()
  editor = await startFakeEditor()
  thinker = await startFakeThinker({ say: () => '{"semantic": 9, "quality": 9}' })
})
afterEach(async () => {
  await setup.close()
  await Promise.all([editor, thinker].map(server => server.close()))
})

const fleet = (more: Partial<FleetModel> = {}) => fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }, more)

describe('a parameter', () => {
  test('that the model does not know is refused by name, not dropped in silence', async () => {
    await setup.start(fleet({ parameters: imagesParameters['vllm-omni'] }))
    const wrong = setup.submit(tenantId, { loop: { editorParameters: { num_inference_step: 12 } } })
    const error = await wrong.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error).toMatchObject({ field: 'settings.editorParameters.num_inference_step' })
    expect(String(error)).toContain('num_inference_steps')
  })

  test('that it knows arrives under its name, and nothing arrives that nobody set', async () => {
    await setup.start(fleet({ parameters: imagesParameters['vllm-omni'] }))
    const jobId = await setup.submit(tenantId, { loop: { editorParameters: { num_inference_steps: 12 } } })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    expect(editor.edits[0]?.fields).toMatchObject({ num_inference_steps: '12' })
    const known = ['model', 'prompt', 'seed', 'n', 'response_format', 'num_inference_steps']
    expect(Object.keys(editor.edits[0]?.fields ?? {}).filter(name => !known.includes(name))).toEqual([])
  })
})

describe('a service that fails', () => {
  test('for the request’s sake is asked once, and the reason is told', async () => {
    editor.behave({ does: 'refuse', status: 422, body: '{"detail":[{"loc":["body","image"],"msg":"too small"}]}' })
    await setup.start(fleet())
    const jobId = await setup.submit(tenantId)
    expect(await setup.finished(jobId)).toMatchObject({ status: 'FAILED', errorCode: 'ENGINE_REJECTED' })
    expect(editor.calls).toBe(1)
  })

  test('every time is asked five times, later and later by chance, and the reason is told', {
    timeout: 60_000,
  }, async () => {
    editor.behave({ does: 'refuse', status: 500 })
    await setup.start(fleet())
    const jobId = await setup.submit(tenantId)
    const end = await setup.finished(jobId, 50_000)
    expect(end).toMatchObject({
      status: 'FAILED',
      errorCode: 'ENGINE_FAILED',
      errorMessage: 'The model server failed (HTTP 500).',
    })
    expect(editor.calls).toBe(5)
    const { rows } = await setup.images.db.query<{ seconds: number }>(
      `select extract(epoch from retry_at - at)::float8 as seconds from job_event
       where job_id = $1 and type = 'STAGE_RETRYING' order by seq`,
      [jobId],
    )
    expect(rows).toHaveLength(4)
    rows.forEach(({ seconds }, index) => {
      expect(seconds).toBeGreaterThan(0.5 * 2 ** index - 0.05)
      expect(seconds).toBeLessThan(1.5 * 2 ** index + 0.05)
    })
  })
})

describe('pictures', () => {
  test('are read when their stage starts, not when their job is submitted', async () => {
    editor.behave({ does: 'hang' })
    const { storage } = setup.images
    let reads = 0
    const counting = {
      ...storage,
      get: (...args: Parameters<typeof storage.get>) => {
        reads++
        return storage.get(...args)
      },
    }
    await setup.start(fleet({ capacity: 1 }), { images: { ...setup.images, storage: counting } })
    for (let job = 0; job < 30; job++) await setup.submit(tenantId)
    await until('the first edit is under way', () => editor.inFlight === 1)
    expect(reads).toBe(1)
  })

  test.each([
    [5, 5],
    [15, 15],
  ])('of %i x %i pixels are edited at their size', async (width, height) => {
    await setup.start(fleet({ restoresSize: true }))
    const { id: sourceId } = await storePicture(setup.images, tenantId, await noisePng(width, height))
    const jobId = await setup.submit(tenantId, { sourceId })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    const sent = await sharp(editor.edits[0]?.files[0]?.bytes).metadata()
    expect([sent.width, sent.height]).toEqual([width, height])
    const { rows } = await setup.images.db.query(
      'select i.width, i.height from round r join image i on i.id = r.image_id where r.job_id = $1',
      [jobId],
    )
    expect(rows).toEqual([{ width, height }])
  })

  test('that a job refers to all go to the editor, the source first', async () => {
    await setup.start(fleet())
    const pictures = await Promise.all([noisePng(20, 10), noisePng(12, 12), noisePng(10, 20)])
    const ids: string[] = []
    for (const picture of pictures) ids.push((await storePicture(setup.images, tenantId, picture)).id)
    const [sourceId = '', ...referenceIds] = ids
    const jobId = await setup.submit(tenantId, { sourceId, referenceIds })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    const sent = await Promise.all((editor.edits[0]?.files ?? []).map(file => pixelHash(file.bytes)))
    expect(sent).toEqual(await Promise.all(pictures.map(pixelHash)))
  })
})
