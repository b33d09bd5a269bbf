import { createHash } from 'node:crypto'
import { type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  buildDataset,
  type ExportSetup,
  makeExport,
  openExports,
  playPainted,
  readExport,
  thinkEdit,
} from './support/export-setup.ts'
import { hashOf } from './support/pictures.ts'

type Picture = { bytes: Uint8Array | null; path: string }

let setup: ExportSetup
let steps: string
beforeAll(async () => {
  setup = await openExports()
  await playPainted(
    setup,
    [
      [5, 6],
      [9, 9],
    ],
    { color: 1, instruction: 'ein Wunsch: größer' },
  )
  await playPainted(
    setup,
    [
      [3, 3.5],
      [6, 6],
      [8, 9],
    ],
    { color: 2 },
  )
  steps = await buildDataset(setup.db, setup.caller, thinkEdit, { name: 'steps', shares: { train: 0.5, test: 0.5 } })
})
afterAll(() => setup.close())

/** Reads parquet by another library than the one that wrote it. */
async function readParquet(
  bytes: Buffer | undefined,
): Promise<{ rows: Record<string, unknown>[]; metadata: FileMetaData }> {
  const file = new Uint8Array(bytes ?? []).slice().buffer
  return { rows: await parquetReadObjects({ file, utf8: false }), metadata: parquetMetadata(file) }
}

const sha256Of = (bytes: Uint8Array | null) =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')

/** The pictures and texts of all steps, from the database. */
async function readSteps() {
  const { rows } = await setup.db.query<Record<string, string | number>>(`
    select job.instruction, round.prompt, critique.semantic, critique.quality, source.sha256 as source,
      edited.sha256 as edited
    from critique join round on round.id = critique.round_id join job on job.id = round.job_id
    join image source on source.id = job.source_id join image edited on edited.id = round.image_id
    order by edited.sha256`)
  return rows
}

test('Hugging Face parquet has pictures as bytes and path, and a card that says so', async () => {
  const row = await makeExport(setup, { versionId: steps, format: 'HUGGINGFACE_PARQUET' })
  const files = await readExport(setup, row.id)
  const card = parse(files.get('README.md')?.toString().split('---\n')[1] ?? '')
  const declared = new Map(card.dataset_info.features.map(({ name, dtype }: Record<string, string>) => [name, dtype]))
  const found = []
  for (const { path } of card.configs[0].data_files) {
    const file = path.replace('*', '00000')
    const { rows, metadata } = await readParquet(files.get(file))
    expect(metadata.created_by).toBe('pentimento')
    found.push(...rows)
  }
  expect(Object.keys(found[0] ?? {})).toEqual([...declared.keys()])
  expect([...declared].filter(([, dtype]) => dtype === 'image').map(([name]) => name)).toEqual(['source', 'edited'])
  const plain = found.map(({ instruction, prompt, semantic, quality, source, edited }) => {
    const pictures = [source, edited] as Picture[]
    for (const { bytes, path } of pictures) expect(sha256Of(bytes)).toBe(hashOf(path))
    const [first = '', second = ''] = pictures.map(({ path }) => hashOf(path))
    return { instruction, prompt, semantic, quality, source: first, edited: second }
  })
  plain.sort((a, b) => (a.edited < b.edited ? -1 : 1))
  expect(plain).toEqual(await readSteps())
  expect(new Set(found.map(({ is_final }) => is_final))).toEqual(new Set([true, false]))
})

test("verl's parquet has messages with a marker a picture, and the scores as ground truth", async () => {
  const row = await makeExport(setup, { versionId: steps, format: 'VERL' })
  const files = await readExport(setup, row.id)
  const found = []
  for (const split of ['test', 'train']) found.push(...(await readParquet(files.get(`${split}-00000.parquet`))).rows)
  expect(Object.keys(found[0] ?? {})).toEqual([
    ...['data_source', 'prompt', 'images', 'ability', 'reward_model', 'extra_info'],
  ])
  const plain = found.map(({ prompt, images, reward_model, extra_info }) => {
    const [message] = prompt as { role: string; content: string }[]
    const pictures = images as Picture[]
    expect(message?.role).toBe('user')
    expect(message?.content.split('<image>').length).toBe(pictures.length + 1)
    for (const { bytes, path } of pictures) expect(sha256Of(bytes)).toBe(hashOf(path))
    const { style, ground_truth } = reward_model as Record<string, string>
    const { origin_prompt, rewritten_prompt } = extra_info as Record<string, string>
    expect(style).toBe('rule')
    const { semantics, quality } = JSON.parse(ground_truth ?? '')
    const [source = '', edited = ''] = pictures.map(({ path }) => hashOf(path))
    return { instruction: origin_prompt, prompt: rewritten_prompt, semantic: semantics, quality, source, edited }
  })
  plain.sort((a, b) => (a.edited < b.edited ? -1 : 1))
  expect(plain).toEqual(await readSteps())
})

test('a parquet file ends where a limit is reached, and absent values are null', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, { kind: 'plain' })
  const row = await makeExport(setup, { versionId, format: 'HUGGINGFACE_PARQUET', pictures: 'NAMED', shardSize: 1 })
  const files = await readExport(setup, row.id)
  const paths = [...files.keys()].filter(path => path.endsWith('.parquet'))
  expect(paths).toEqual(['data/train-00000.parquet', 'data/train-00001.parquet'])
  const { rows } = await readParquet(files.get('data/train-00001.parquet'))
  expect(rows.every(({ batch, source }) => batch === null && (source as Picture).bytes === null)).toBe(true)
})
