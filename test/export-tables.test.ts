import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildDataset,
  type ExportSetup,
  listFiles,
  makeExport,
  openExports,
  playPainted,
  preference,
  readExport,
  thinkEdit,
} from './support/export-setup.ts'
import { parseCsv } from './support/parse-csv.ts'
import { hashOf } from './support/pictures.ts'

let setup: ExportSetup
let steps: string
beforeAll(async () => {
  setup = await openExports()
  const instruction = 'a "quoted", long\r\ninstruction: ü'
  await playPainted(
    setup,
    [
      [5, 6],
      [9, 9],
    ],
    { color: 1, instruction, metadata: { task: 'light' }, tags: ['a', 'b'] },
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
  steps = await buildDataset(setup.db, setup.caller, thinkEdit, { name: 'steps' })
})
afterAll(() => setup.close())

/** What the database says of each step. */
async function readSteps() {
  const { rows } = await setup.db.query<Record<string, string | number | null>>(`
    select job.instruction, round.prompt, critique.reasoning, critique.refined_prompt as refined, critique.semantic,
      critique.quality, round.index, source.sha256 as source, edited.sha256 as edited
    from critique join round on round.id = critique.round_id join job on job.id = round.job_id
    join image source on source.id = job.source_id join image edited on edited.id = round.image_id
    order by edited.sha256`)
  return rows
}

test("EasyR1's records have the keys that the paper's trainer reads, and no others", async () => {
  const row = await makeExport(setup, { versionId: steps, format: 'EASYR1' })
  const files = await readExport(setup, row.id)
  const lines = (files.get('rl_train.jsonl')?.toString() ?? '').trimEnd().split('\n')
  const found = lines.map(line => JSON.parse(line))
  for (const { origin_image_path, edited_image_path } of found) {
    expect(files.has(origin_image_path) && files.has(edited_image_path)).toBe(true)
  }
  const expected = (await readSteps()).map(step => ({
    origin_prompt: step.instruction,
    rewritten_prompt: step.prompt,
    origin_image_path: step.source,
    edited_image_path: step.edited,
    evaluation: { semantics: step.semantic, quality: step.quality },
  }))
  const plain = found.map(record => ({
    ...record,
    origin_image_path: hashOf(record.origin_image_path),
    edited_image_path: hashOf(record.edited_image_path),
  }))
  plain.sort((a, b) => (a.edited_image_path < b.edited_image_path ? -1 : 1))
  expect(plain).toEqual(expected)
  expect(Object.keys(found[0])).toEqual(Object.keys(expected[0] ?? {}))
  expect(files.get('prompt_template.txt')?.toString()).toContain('{original_instruction}')
})

test('CSV cells are what the database has, whatever is in them', async () => {
  const row = await makeExport(setup, { versionId: steps, format: 'CSV', shardSize: 3 })
  const files = await readExport(setup, row.id)
  const tables = [...files].filter(([path]) => path.endsWith('.csv')).map(([, bytes]) => parseCsv(bytes.toString()))
  expect(tables.map(table => table.length)).toEqual([4, 3])
  const records = tables.flatMap(([heading = [], ...rows]) =>
    rows.map(cells => Object.fromEntries(heading.map((name, index) => [name, cells[index]]))),
  )
  records.sort((a, b) => (hashOf(a.edited ?? '') < hashOf(b.edited ?? '') ? -1 : 1))
  const found = records.map(record => ({
    instruction: record.instruction,
    prompt: record.prompt,
    reasoning: record.reasoning,
    refined: record.refined_prompt,
    semantic: Number(record.semantic),
    quality: Number(record.quality),
    index: Number(record.round),
    source: hashOf(record.source ?? ''),
    edited: hashOf(record.edited ?? ''),
  }))
  expect(found).toEqual(await readSteps())
  expect([...new Set(records.map(record => record.task))].sort()).toEqual(['light', 'other'])
})

test('of trajectories a CSV row is a round', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, { kind: 'plain' })
  const row = await makeExport(setup, { versionId, format: 'CSV', pictures: 'NAMED' })
  expect((await listFiles(setup.db, row.id)).map(file => file.path)).toEqual(['README.md', 'train-00000.csv'])
  const [heading = [], ...rows] = parseCsv((await readExport(setup, row.id)).get('train-00000.csv')?.toString() ?? '')
  const column = (name: string) => rows.map(cells => cells[heading.indexOf(name)])
  expect(rows).toHaveLength(5)
  expect(column('is_best').filter(cell => cell === 'true')).toHaveLength(2)
  expect(column('tags').filter(cell => cell === '["a","b"]')).toHaveLength(2)
  expect(column('overall').map(Number).sort()).toEqual(
    (await setup.db.query<{ overall: number }>('select overall from critique')).rows
      .map(({ overall }) => overall)
      .sort(),
  )
})

test('pairs as JSON lines have their pictures by path, or as links that can be followed for a day', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, preference)
  const named = await makeExport(setup, { versionId, format: 'JSONL', pictures: 'NAMED' })
  const linked = await makeExport(setup, { versionId, format: 'JSONL', pictures: 'LINKED' })
  const [pairs, links] = await Promise.all(
    [named, linked].map(async row => {
      const text = (await readExport(setup, row.id)).get('train-00000.jsonl')?.toString() ?? ''
      return text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    }),
  )
  expect(pairs?.length).toBe(named.samples)
  for (const [index, pair] of (pairs ?? []).entries()) {
    expect(pair.chosen.scores.overall).toBeGreaterThan(pair.rejected.scores.overall)
    expect(hashOf(pair.chosen.picture.path)).toBe(pair.chosen.picture.sha256)
    expect(pair.chosen.picture).not.toHaveProperty('objectKey')
    expect(links?.[index].chosen.picture.path).toMatch(/^http:\/\/127\.0\.0\.1:4000\/images\/.*&s=/)
  }
})

test('a version without a sample that the format can say fails, and nothing of it is left', async () => {
  const subset = await buildDataset(setup.db, setup.caller, {
    ...thinkEdit,
    ...{ variance: { threshold: 1_000, wantedTrajectories: null, constantlyHigh: null } },
  })
  const row = await makeExport(setup, { versionId: subset, format: 'EASYR1' })
  expect(row).toMatchObject({ status: 'FAILED', errorCode: 'NO_SAMPLES', contentHash: null })
  expect(row.errorMessage).toContain('subset RL')
  expect(await listFiles(setup.db, row.id)).toEqual([])
  expect(await makeExport(setup, { versionId: subset, format: 'EASYR1', subset: 'SFT' })).toMatchObject({
    status: 'DONE',
    samples: 5,
  })
})

test("EasyR1's records and its template have no more markers than pictures", async () => {
  await playPainted(
    setup,
    [
      [3, 3],
      [9, 9],
    ],
    { color: 3, instruction: 'an <image> in a frame', metadata: { task: 'marked' } },
  )
  const versionId = await buildDataset(setup.db, setup.caller, thinkEdit)
  const row = await makeExport(setup, { versionId, format: 'EASYR1', template: 'See {original_instruction}' })
  const files = await readExport(setup, row.id)
  const lines = files.get('rl_train.jsonl')?.toString() ?? ''
  expect(lines).toContain('"origin_prompt":"an < image > in a frame"')
  expect(lines).not.toContain('<image>')
  expect(files.get('prompt_template.txt')?.toString()).toBe('<image>\n<image>\nSee {original_instruction}')
})
