// Generations from their tasks to their results: the editor in this process tells what it was asked for.

import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { forkRound } from '../src/jobs/fork-round.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import type { NewJob } from '../src/jobs/start-jobs.ts'
import { builtinCritic } from '../workers/engines/builtin/critic.ts'
import { type EditRequest, EngineError, type Thinker } from '../workers/engines/engine.ts'
import { recordingEditor } from './support/recording-editor.ts'
import { until } from './support/until.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let tenantId: string
beforeAll(async () => {
  setup = await openWorkers()
  tenantId = await setup.createTenant()
})
afterEach(() => setup.stopWorkers())
afterAll(() => setup.close())

const size = { width: 96, height: 64 }
const generation = { kind: 'GENERATE', maskId: null, size, instruction: 'a red fox' } as const

/** A worker whose editor generates and edits, and what both of its models are asked. */
async function start(options: { thinker?: Thinker; before?: (request: EditRequest) => Promise<void> | void } = {}) {
  const made = recordingEditor(options.before)
  const asked = recordingThinker()
  const fleet = fakeFleet({ editors: ['http://editor.test/v1'], thinkers: ['http://thinker.test/v1'] })
  const models = fleet.models.map(model => ({
    ...model,
    ...(model.kinds.includes('EDITOR') && { kinds: ['GENERATOR', 'EDITOR'] as const, restoresSize: true }),
  }))
  await setup.start(
    { models },
    {
      engineAt: ({ kinds }) =>
        kinds.includes('THINKER')
          ? { editor: null, thinker: options.thinker ?? asked.thinker, probe: null }
          : { editor: made.editor, thinker: null, probe: null },
    },
  )
  return { requests: made.requests, critiques: asked.critiques, polishes: asked.polishes }
}

/** A thinker that is never content and asks for the next number of fox. */
function recordingThinker() {
  const critiques: Parameters<Thinker['critique']>[0][] = []
  const polishes: Parameters<Thinker['polish']>[0][] = []
  const thinker: Thinker = {
    critique: async request => {
      critiques.push(request)
      const refinedPrompt = `fox ${critiques.length}`
      return { semantic: 5, quality: 6, isSatisfied: false, reasoning: 'no', refinedPrompt, tokens: 1 }
    },
    polish: async request => {
      polishes.push(request)
      return { prompt: 'a polished fox', tokens: 1 }
    },
  }
  return { thinker, critiques, polishes }
}

type Made = { id: string; prompt: string; status: string; imageId: string | null; width: number; height: number }

async function roundsOf(jobId: string): Promise<Made[]> {
  const { rows } = await setup.images.db.query<Made>(
    `select r.id, r.prompt, r.status, r.image_id as "imageId", i.width, i.height
     from round r left join image i on i.id = r.image_id where r.job_id = $1 order by r.index, r.candidate`,
    [jobId],
  )
  return rows
}

async function submit(job: Partial<NewJob> & { loop?: Partial<NewJob['settings']> } = {}): Promise<string> {
  return await setup.submit(tenantId, { ...generation, ...job })
}

test('each round is made anew from words, references and size alone, and judged without a source', async () => {
  const { requests, critiques, polishes } = await start()
  const referenceIds = [await setup.createPicture(tenantId), await setup.createPicture(tenantId)]
  const jobId = await submit({ referenceIds, loop: { firstRound: 'POLISH', maxRounds: 2, candidates: 2 } })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'MAX_ROUNDS' })
  expect(polishes).toMatchObject([{ instruction: 'a red fox', source: null }])
  expect(requests.map(({ prompt }) => prompt.replace(/\d/, 'n'))).toEqual([
    ...['a polished fox', 'a polished fox', 'fox n', 'fox n'],
  ])
  for (const request of requests) expect(request).toMatchObject({ source: null, mask: null, size })
  expect(requests.map(({ references }) => references.length)).toEqual([2, 2, 2, 2])
  expect(new Set(requests.map(({ seed }) => seed)).size).toBe(4)
  expect(critiques).toHaveLength(4)
  for (const critique of critiques) expect(critique).toMatchObject({ instruction: 'a red fox', source: null })
  expect(await roundsOf(jobId)).toMatchObject(Array(4).fill({ status: 'CRITIQUED', ...size }))
})

test.each(['PREVIOUS', 'BEST'] as const)(
  'with editFrom %s a later round edits the picture made before',
  async editFrom => {
    const { requests, critiques } = await start()
    const jobId = await submit({ size: null, loop: { maxRounds: 2, editFrom } })
    await setup.finished(jobId)
    expect(requests).toMatchObject([
      { source: null, size: null },
      { size: null, mask: null },
    ])
    const [first] = critiques
    expect(requests[1]?.source?.bytes.equals(first?.edited.bytes ?? Buffer.alloc(0))).toBe(true)
    expect(critiques.map(({ source }) => source)).toEqual([null, null])
  },
)

test('without a critique it is one picture, and no thinker is asked', async () => {
  const { requests, critiques } = await start()
  const jobId = await submit({ thinker: null, loop: { critique: false } })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'MAX_ROUNDS' })
  expect(requests).toHaveLength(1)
  expect(critiques).toHaveLength(0)
  expect(await roundsOf(jobId)).toMatchObject([{ status: 'EDITED', ...size }])
})

test('a critic that needs a source says so, and the picture stays', async () => {
  const critic = builtinCritic()
  await start({ thinker: critic })
  const jobId = await submit()
  const ended = {
    status: 'FAILED',
    errorCode: 'SOURCE_MISSING',
    errorMessage: expect.stringContaining('builtin critic'),
  }
  expect(await setup.finished(jobId)).toMatchObject(ended)
  expect(await roundsOf(jobId)).toMatchObject([{ status: 'FAILED', ...size }])
  await critic.close()
})

test('a retry asks for the same size again', async () => {
  let isBroken = true
  const { requests } = await start({
    before: () => {
      if (isBroken) throw new EngineError('rejected', 'ENGINE_REJECTED', 'The model server refused it.')
    },
  })
  const jobId = await submit({ loop: { maxRounds: 1 } })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'FAILED', errorCode: 'ENGINE_REJECTED' })
  isBroken = false
  await retryJob(setup.images.db, { tenantId, jobId })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
  expect(requests).toMatchObject([
    { source: null, size },
    { source: null, size },
  ])
  expect(requests[1]?.seed).toBe(requests[0]?.seed)
})

test('a cancellation ends it while it is made', async () => {
  let go = () => {}
  const wait = new Promise<void>(resolve => {
    go = resolve
  })
  const { requests } = await start({ before: () => wait })
  const jobId = await submit()
  await until('the picture is being made', () => requests.length > 0)
  await cancelJob(setup.images.db, { tenantId, jobId })
  go()
  expect(await setup.finished(jobId)).toMatchObject({ status: 'CANCELED' })
})

test('a fork makes its first round anew, or from the picture of the round', async () => {
  const { requests } = await start()
  const jobId = await submit({ loop: { maxRounds: 1 } })
  await setup.finished(jobId)
  const [round] = await roundsOf(jobId)
  const fork = { roundId: round?.id ?? '', prompt: 'a blue fox', instruction: null, editor: null, thinker: null }
  const { rows } = await setup.images.db.query<{ settings: NewJob['settings'] }>(
    'select settings from job where id = $1',
    [jobId],
  )
  const [parent] = rows
  if (!parent) throw new Error('The job has gone.')
  const more = { seed: null, idempotencyKey: null }
  const anew = await forkRound(setup.images.db, { tenantId }, { ...fork, ...more, settings: null })
  await setup.finished(anew)
  expect(requests.at(-1)).toMatchObject({ prompt: 'a blue fox', source: null, size })
  const settings = { ...parent.settings, editFrom: 'PREVIOUS' as const }
  const further = await forkRound(setup.images.db, { tenantId }, { ...fork, ...more, settings })
  await setup.finished(further)
  const source = requests.at(-1)?.source
  expect(await sharp(source?.bytes).metadata()).toMatchObject(size)
  expect(requests.at(-1)).toMatchObject({ prompt: 'a blue fox', size: null })
})
