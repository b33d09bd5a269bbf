import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { BenchmarkName } from '../src/benchmarks/benchmark.ts'
import { type RunItem, startRun } from '../src/benchmarks/start-run.ts'
import { storePicture } from '../src/images/store-image.ts'
import type { JudgeSelection } from '../src/judging/judge-selection.ts'
import { type NewJudgeRun, startJudgeRun } from '../src/judging/start-judge-run.ts'
import { defaultFleet } from '../workers/fleet/fleet.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, type SeenChat, startFakeThinker } from './support/fake-thinker.ts'
import { readRun } from './support/judge-driver.ts'
import { noisePng } from './support/pictures.ts'
import { newJob } from './support/stage-driver.ts'
import { until } from './support/until.ts'
import { fakeEditorModel, fakeFleet, fakeThinkerModel, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let editor: FakeEditor
let thinker: FakeThinker
let tenantId: string
/** What the judge says, by a word of its question. */
let answers: Record<string, string> = {}
let judged: SeenChat[] = []

const isCritique = (chat: SeenChat) => JSON.stringify(chat.body.messages).includes('What the user wants')

beforeAll(async () => {
  setup = await openWorkers()
  editor = await startFakeEditor()
  thinker = await startFakeThinker({
    say(chat) {
      if (isCritique(chat)) return JSON.stringify({ reason: 'fine', semantic: 9, quality: 9, is_satisfied: true })
      judged.push(chat)
      const text = chat.body.messages[0]?.content[0]?.text ?? ''
      return Object.entries(answers).find(([word]) => text.includes(word))?.[1] ?? 'What do you mean?'
    },
  })
  await setup.start(fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }))
  await setup.start(defaultFleet())
  tenantId = await setup.createTenant()
}, 60_000)
beforeEach(() => {
  answers = {}
  judged = []
})
afterAll(async () => {
  await setup.close()
  await editor.close()
  await thinker.close()
})

type Item = Partial<Omit<RunItem, 'pictures'>> & { pictures?: Record<string, string> }

const keep = async (width: number, height: number) =>
  (await storePicture(setup.images, tenantId, await noisePng(width, height))).id

/** A finished run of one item; its label. */
async function runItem(
  benchmark: BenchmarkName,
  { pictures = {}, ...item }: Item,
  by = [fakeEditorModel, fakeThinkerModel],
) {
  const { settings } = newJob(null, { loop: { maxRounds: 1 } })
  const [model = '', thinkerModel = ''] = by
  const configuration = { benchmark, editor: model, thinker: thinkerModel, settings, variant: crypto.randomUUID() }
  const { label, outcomes } = await startRun(setup.images.db, { tenantId, keyName: 'the tests' }, configuration, [
    {
      ...{ key: '1', taskType: 'color_change', language: 'en', instruction: 'make it bluer', facts: {} },
      ...{ sourceId: await keep(900, 600), referenceIds: [] },
      pictures: Object.fromEntries(
        Object.entries(pictures).map(([name, id]) => [name, { id, givenAs: encodeGlobalId('Image', id) }]),
      ),
      ...item,
    },
  ])
  const [jobId] = outcomes
  if (typeof jobId !== 'string') throw jobId
  await setup.finished(jobId)
  return label
}

const author = () => ({ tenantId, keyName: 'the tests' })

async function judge(rubric: BenchmarkName, label: string, run: Partial<NewJudgeRun> = {}) {
  const selection: JudgeSelection = { filter: { batch: [label] }, rounds: 'ALL' }
  const whole = { name: label, model: fakeThinkerModel, rubric, selection, ...run }
  const id = await startJudgeRun(setup.images.db, author(), whole)
  return await until('the judge run ends', async () => {
    const found = await readRun(setup.images.db, id)
    return found.status === 'RUNNING' ? null : found
  })
}

/** What the judge was shown: texts, and the size and type of pictures. */
async function show({ body }: SeenChat) {
  return await Promise.all(
    (body.messages[0]?.content ?? []).map(async ({ text, image_url }, i) => {
      if (text !== undefined) return i === 0 ? text.slice(0, 20) : text
      const { width, height, format } = await sharp(
        Buffer.from(image_url?.url.split(',')[1] ?? '', 'base64'),
      ).metadata()
      return `${format} ${width}x${height}`
    }),
  )
}

test('GEdit is judged in two calls on JPEGs of the source size, and becomes a critique', async () => {
  answers = {
    '"done"': 'Sure.\n||V^=^V||\n{"score": [8, 6], "reasoning": "It is bluer."}\n||V^=^V||',
    '"natural"': '{"score": [9, 7], "reasoning": "Clean."}',
  }
  const label = await runItem('gedit', { taskType: 'color_alter' })
  expect(await judge('gedit', label)).toMatchObject({
    ...{ status: 'DONE', total: 2 },
    answers: [
      { raw: answers['"done"'], parsed: { scores: [8, 6], reasoning: 'It is bluer.' }, errorCode: null },
      { parsed: { scores: [9, 7], reasoning: 'Clean.' }, errorCode: null },
    ],
  })
  const seen = await Promise.all(judged.map(show))
  expect(seen.map(parts => parts.slice(1)).sort((a, b) => b.length - a.length)).toEqual([
    ['jpeg 900x600', 'jpeg 900x600'],
    ['jpeg 900x600'],
  ])
  const { rows } = await setup.images.db.query(
    `select semantic, quality from critique c join round r on r.id = c.round_id join job on job.id = r.job_id
     where source = 'JUDGE' and batch = $1`,
    [label],
  )
  expect(rows).toEqual([{ semantic: 6, quality: 7 }])
})

test('ImgEdit sends the stored files', async () => {
  answers = { 'Object Identity': 'A clean cut.\nObject Identity: 5\nMask Precision: 4\nVisual Quality: 4' }
  const label = await runItem('imgedit', { taskType: 'extract' })
  const { answers: kept } = await judge('imgedit', label)
  expect(kept).toMatchObject([{ parsed: { scores: [{ score: 5 }, { score: 4 }, { score: 4 }] } }])
  expect((await Promise.all(judged.map(show)))[0]?.slice(1)).toEqual(['png 900x600', expect.stringMatching(/^png /)])
})

test('KRIS shows the ground truth in one of its three calls', async () => {
  answers = {
    'How well was everything kept': '{"consistency_score": 4, "reasoning": "same mug"}',
    'The ground truth counts': 'instruction score: 3',
    'as a picture alone': '5/5',
  }
  const groundTruth = await keep(40, 30)
  const label = await runItem('kris', { taskType: 'viewpoint_change', pictures: { groundTruth } })
  const { answers: kept } = await judge('kris', label)
  expect(kept.map(({ parsed }) => parsed)).toEqual([
    { score: 4, reasoning: 'same mug' },
    { score: 3, reasoning: null },
    { score: 5, reasoning: null },
  ])
  const seen = await Promise.all(judged.map(show))
  const original = ['The original image:', 'png 900x600', 'The edited image:', expect.stringMatching(/^png /)]
  expect(seen.map(parts => parts.slice(1)).sort((a, b) => b.length - a.length)).toEqual([
    [...original, 'The ground truth:', 'png 40x30'],
    original,
    original.slice(2),
  ])
})

test('RISE fits its pictures into 768 px and fixes the temperature', async () => {
  answers = {
    'leaves alone': '**Final Score:** **4**',
    'What should be seen': 'Final Score: 5',
    alone: 'Final Score 3',
  }
  const label = await runItem('rise', { taskType: 'causal_reasoning', facts: { reference: 'A puddle.' } })
  const { answers: kept } = await judge('rise', label)
  expect(kept.map(({ parsed }) => parsed)).toEqual([{ score: 4 }, { score: 5 }, { score: 3 }])
  const seen = await Promise.all(judged.map(show))
  expect(seen.flat()).toContain('jpeg 768x512')
  expect(judged.map(({ body }) => body)).toEqual(
    judged.map(() => expect.objectContaining({ temperature: 0, max_tokens: 4_096 })),
  )
})

test("a run's own texts are sent byte for byte, but for placeholders", async () => {
  const template = '\uFEFFRate  this:\t<edit_prompt>\r\n{instruction} {{"a": 1}} $& é\n\n'
  answers = { 'Rate  this': 'x\nPrompt Compliance: 5\nVisual Naturalness: 4\nPhysical & Detail Coherence: 4' }
  const label = await runItem('imgedit', { taskType: 'add' })
  expect(await judge('imgedit', label, { templates: { add: template } })).toMatchObject({
    answers: [{ errorCode: null }],
  })
  expect(judged[0]?.body.messages[0]?.content[0]?.text).toBe(
    '\uFEFFRate  this:\tmake it bluer\r\nmake it bluer {{"a": 1}} $& é\n\n',
  )
})

test('what cannot be asked is told at once: a picture that is only named, another benchmark', async () => {
  answers = { 'How well was everything kept': '{"consistency_score": 4}', 'as a picture alone': '{"quality_score": 4}' }
  const foreign = await setup.createPicture(await setup.createTenant())
  // As anybody may write it into the metadata of a job.
  const metadata = {
    benchmark: {
      ...{ name: 'kris', key: '1', taskType: 'viewpoint_change', language: 'en', facts: {} },
      pictures: { groundTruth: encodeGlobalId('Image', foreign) },
    },
  }
  const batch = crypto.randomUUID()
  await setup.finished(await setup.submit(tenantId, { metadata, batch, loop: { maxRounds: 1 } }))
  expect(await judge('kris', batch)).toMatchObject({
    ...{ status: 'DONE', total: 3 },
    answers: [{ parsed: { score: 4 } }, { raw: null, errorCode: 'IMAGE_MISSING' }, { parsed: { score: 4 } }],
  })
  expect(judged).toHaveLength(2)
  expect(await judge('rise', batch)).toMatchObject({ total: 1, answers: [{ errorCode: 'NOT_OF_BENCHMARK' }] })
})

test('what is answered is not asked again by a run of the same name that skips it', async () => {
  answers = { '"done"': '{"score": [8, 6], "reasoning": "so"}' }
  const label = await runItem('gedit', { taskType: 'color_alter' })
  const first = await judge('gedit', label, { skipsAnswered: true })
  expect(first).toMatchObject({ total: 2, answers: [{ errorCode: null }, { errorCode: 'UNREADABLE_ANSWER' }] })
  answers['"natural"'] = '{"score": [9, 7], "reasoning": "so"}'
  judged = []
  const again = await judge('gedit', label, { skipsAnswered: true })
  expect(again).toMatchObject({ total: 1, answers: [{ parsed: { scores: [9, 7] }, errorCode: null }] })
  expect(judged).toHaveLength(1)
  expect(await judge('gedit', label, { skipsAnswered: true })).toMatchObject({ status: 'DONE', total: 0 })
  const other = { templates: { semantic: '"done" otherwise' }, skipsAnswered: true }
  expect(await judge('gedit', label, other)).toMatchObject({ total: 2 })
})

test.each([
  ['gedit', { taskType: 'color_alter' }, 2],
  ['imgedit', { taskType: 'adjust' }, 1],
  ['kris', { taskType: 'physics', facts: { explanation: 'Light.' } }, 3],
  ['rise', { taskType: 'logical_reasoning', facts: { referenceText: 'Light.' } }, 2],
] as const)('the builtin models run and judge %s', async (benchmark, item, calls) => {
  const instruction = 'increase brightness by 20%'
  const label = await runItem(benchmark, { ...item, instruction }, ['builtin-retouch', 'builtin-critic'])
  const { total, answers: kept } = await judge(benchmark, label, { model: 'builtin-critic' })
  expect(total).toBe(calls)
  expect(kept).toEqual(kept.map(() => expect.objectContaining({ errorCode: null, parsed: expect.any(Object) })))
})
