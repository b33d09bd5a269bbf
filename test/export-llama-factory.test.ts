import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { critiqueTagged } from '../src/thinker/critique-tagged.ts'
import {
  buildDataset,
  type ExportSetup,
  makeExport,
  openExports,
  playPainted,
  preference,
  readExport,
  saveExport,
  thinkEdit,
} from './support/export-setup.ts'
import { loadLlamaFactory } from './support/llama-factory-rules.ts'
import { hashOf } from './support/pictures.ts'

let setup: ExportSetup
let folder: string
beforeAll(async () => {
  setup = await openExports()
  folder = await mkdtemp(join(tmpdir(), 'pentimento-export-'))
  await playPainted(
    setup,
    [
      [5, 6],
      [9, 9],
    ],
    { color: 1, instruction: 'brighten <image> it, "please"' },
  )
  await playPainted(
    setup,
    [
      [3, 3],
      [6, 6],
      [8, 9],
    ],
    { color: 2 },
  )
})
afterAll(async () => {
  await setup.close()
  await rm(folder, { recursive: true, force: true })
})

test('steps are conversations that LLaMA-Factory loads, as the database has them', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, thinkEdit, { name: 'steps' })
  const row = await makeExport(setup, { versionId, format: 'LLAMA_FACTORY_SFT', shardSize: 2 })
  expect(row).toMatchObject({ status: 'DONE', samples: 5, total: 5 })
  const target = join(folder, 'sft')
  await saveExport(await readExport(setup, row.id), target)
  const examples = await loadLlamaFactory(target, 'steps_v1_train')

  const { rows: steps } = await setup.db.query<Step>(`
    select job.instruction, round.prompt, critique.reasoning, critique.refined_prompt as refined, critique.semantic,
      critique.quality, source.sha256 as source, edited.sha256 as edited
    from critique join round on round.id = critique.round_id join job on job.id = round.job_id
    join image source on source.id = job.source_id join image edited on edited.id = round.image_id`)
  const free = (text: string) => text.replaceAll('<image>', '< image >')
  const expected = steps.map(step => ({
    prompt: [
      critiqueTagged
        .replace('{original_instruction}', () => free(step.instruction))
        .replace('{rewritten_prompt}', () => free(step.prompt)),
    ],
    responses: [
      `<think>${free(step.reasoning)}</think>\n<score>${JSON.stringify({ semantic: step.semantic, quality: step.quality })}</score>\n<answer>${step.refined}</answer>`,
    ],
    images: [step.source, step.edited],
  }))
  const found = examples.map(example => ({ ...example, images: example.images.map(hashOf) }))
  expect(found).toHaveLength(5)
  expect(new Set(found.map(item => JSON.stringify(item)))).toEqual(new Set(expected.map(item => JSON.stringify(item))))

  const config = parse(await readFile(join(target, 'train_sft.yaml'), 'utf8'))
  expect(config).toMatchObject({ stage: 'sft', dataset: 'steps_v1_train', learning_rate: 2e-5, template: 'qwen3_vl' })
})

type Step = Record<'instruction' | 'prompt' | 'reasoning' | 'refined' | 'source' | 'edited', string> & {
  semantic: number
  quality: number
}

test("a template of one's own is filled instead, and one whose markers do not fit is refused", async () => {
  const versionId = await buildDataset(setup.db, setup.caller, thinkEdit, { name: 'own-template' })
  const template = 'Judge: {original_instruction} / {rewritten_prompt}'
  const row = await makeExport(setup, { versionId, format: 'LLAMA_FACTORY_SFT', template })
  const target = join(folder, 'own')
  await saveExport(await readExport(setup, row.id), target)
  const [example] = await loadLlamaFactory(target, 'own-template_v1_train')
  expect(example?.prompt[0]).toMatch(/^<image>\n<image>\nJudge: /)
  for (const wrong of ['<image> {original_instruction}', 'no place for the instruction']) {
    await expect(makeExport(setup, { versionId, format: 'LLAMA_FACTORY_SFT', template: wrong })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'template',
    })
  }
})

test('pairs are preferences between the prompts that made the pictures', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, preference, { name: 'pairs' })
  const row = await makeExport(setup, { versionId, format: 'LLAMA_FACTORY_RANKING' })
  const target = join(folder, 'ranking')
  await saveExport(await readExport(setup, row.id), target)
  const examples = await loadLlamaFactory(target, 'pairs_v1_train')
  expect(examples.length).toBeGreaterThanOrEqual(2)
  for (const { responses, images } of examples) {
    const [chosen, rejected] = await Promise.all(responses.map(text => overallOf(text, hashOf(images[0] ?? ''))))
    expect(chosen).toBeGreaterThan(rejected ?? Number.POSITIVE_INFINITY)
    expect(images).toHaveLength(1)
  }
  const config = parse(await readFile(join(target, 'train_dpo.yaml'), 'utf8'))
  expect(config).toMatchObject({ stage: 'dpo', dataset: 'pairs_v1_train' })
})

/** What the picture scored that this prompt made of this source. */
async function overallOf(prompt: string, source: string): Promise<number> {
  const { rows } = await setup.db.query<{ overall: number }>(
    `select critique.overall from critique join round on round.id = critique.round_id
     join job on job.id = round.job_id join image on image.id = job.source_id
     where replace(round.prompt, '<image>', '< image >') = $1 and image.sha256 = $2`,
    [prompt, source],
  )
  return rows[0]?.overall ?? Number.NaN
}

test('a format that cannot say the samples is refused, and so is an option it does not have', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, preference, { name: 'refused' })
  await expect(makeExport(setup, { versionId, format: 'LLAMA_FACTORY_SFT' })).rejects.toMatchObject({
    code: 'FORMAT_MISMATCH',
    message: "LLAMA_FACTORY_SFT takes samples of kind STEP; this version's are PAIR.",
  })
  const wrong = [{ pictures: 'LINKED' as const }, { template: '{original_instruction}' }]
  for (const options of wrong) {
    await expect(makeExport(setup, { versionId, format: 'LLAMA_FACTORY_RANKING', ...options })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: Object.keys(options)[0],
    })
  }
  expect((await setup.db.query('select from export where version_id = $1', [versionId])).rowCount).toBe(0)
})
