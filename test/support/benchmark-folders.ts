// Small folders in the layout that the authors of each benchmark publish, with texts and pictures of our own.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packParquet, pictureSchema, plainSchema } from '../../src/exports/pack-parquet.ts'
import { paintPicture } from './paint-picture.ts'

const size = { width: 16, height: 12 }

/** A picture whose bytes its name decides. */
async function writePainted(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, await paintPicture(path.split('/').slice(-2).join('/'), size))
}

/** Writes a value as a JSON file. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, JSON.stringify(value, null, 2))
}

/** A row of GEdit-Bench; `input_image` null: it has none. */
export type GeditRow = {
  key: string
  task_type: string
  instruction: string
  instruction_language: string
  Intersection_exist: boolean
  input_image: Buffer | null
}

/** A row with a picture of its own. */
export async function geditRow(key: string, row: Partial<GeditRow> = {}): Promise<GeditRow> {
  return {
    ...{ key, task_type: 'color_alter', instruction: `Paint the ${key} blue.`, instruction_language: 'en' },
    ...{ Intersection_exist: true, input_image: await paintPicture(key, size) },
    ...row,
  }
}

/** data/train-00000-of-0000N.parquet ..., a file for each list of rows; each file in row groups of its own. */
export async function writeGedit(root: string, files: readonly (readonly GeditRow[])[]): Promise<void> {
  await mkdir(join(root, 'data'), { recursive: true })
  const number = (part: number) => String(part).padStart(5, '0')
  for (const [part, rows] of files.entries()) {
    await writeFile(
      join(root, 'data', `train-${number(part)}-of-${number(files.length)}.parquet`),
      await toParquet(rows),
    )
  }
}

const columns = [
  { name: 'task_type', schema: plainSchema('task_type', 'string') },
  { name: 'key', schema: plainSchema('key', 'string') },
  { name: 'instruction', schema: plainSchema('instruction', 'string') },
  { name: 'instruction_language', schema: plainSchema('instruction_language', 'string') },
  { name: 'input_image', schema: pictureSchema('input_image') },
  { name: 'input_image_raw', schema: pictureSchema('input_image_raw') },
  { name: 'Intersection_exist', schema: plainSchema('Intersection_exist', 'bool') },
]

/** The rows as the file's bytes, without the columns of these names. */
export async function toParquet(rows: readonly GeditRow[], without: readonly string[] = []): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const sink = { write: async (bytes: Uint8Array) => void chunks.push(bytes.slice()) }
  const kept = columns.filter(({ name }) => !without.includes(name))
  const file = packParquet(sink, kept)
  for (const row of rows) {
    const picture = row.input_image && { bytes: row.input_image, path: `${row.key}.png` }
    const cells: Record<string, unknown> = { ...row, input_image: picture, input_image_raw: picture }
    await file.add(
      kept.map(({ name }) => cells[name]),
      100,
    )
  }
  await file.end()
  return Buffer.concat(chunks)
}

/** Benchmark/singleturn/singleturn.json and the pictures beside it. */
export async function writeImgedit(root: string, items: Record<string, unknown> = imgeditItems): Promise<void> {
  const home = join(root, 'Benchmark', 'singleturn')
  await writeJson(join(home, 'singleturn.json'), items)
  for (const { id } of Object.values(imgeditItems)) await writePainted(join(home, id))
}

/** What writeImgedit writes. */
export const imgeditItems = {
  '17': { id: 'animal/000017.jpg', prompt: 'Put a red scarf on the dog.', edit_type: 'add' },
  '230': { id: 'food/000230.jpg', prompt: 'Turn the loaf into a cake.', edit_type: 'replace' },
  '5': { id: 'people/000005.jpg', prompt: 'Let the man wave.', edit_type: 'action' },
}

/** Kris_Bench/KRIS_Bench with three categories, and final_data.json beside it where it is given. */
export async function writeKris(root: string, finalData?: unknown): Promise<void> {
  const home = join(root, 'Kris_Bench', 'KRIS_Bench')
  for (const [category, items] of Object.entries(krisItems)) {
    await writeJson(join(home, category, 'annotation.json'), items)
    for (const { ori_img, gt_img } of Object.values(items) as { ori_img: string | string[]; gt_img?: string }[]) {
      for (const name of [ori_img, gt_img ?? ''].flat()) if (name) await writePainted(join(home, category, name))
    }
  }
  if (finalData !== undefined) await writeJson(join(root, 'Kris_Bench', 'final_data.json'), finalData)
}

/** What writeKris writes, by category. */
const krisItems = {
  color_change: { '1': { ori_img: '1.jpg', gt_img: '', ins_en: 'Make the door green.', explain_en: '' } },
  physics: {
    '1': { ori_img: '1.png', ins_en: 'Show the ice after an hour in the sun.', explain_en: 'It has become a puddle.' },
  },
  viewpoint_change: {
    '1': { ori_img: '1.jpg', gt_img: '1_gt.jpg', ins_en: 'Draw the mug from above.', explain_en: '' },
  },
  temporal_prediction: {
    '7': {
      ...{ ori_img: ['7-1.jpg', '7-2.jpg', '7-4.jpg'], gt_img: '7-3.jpg', explain_en: '' },
      ins_en: 'Frames 1, 2 and 4 are given: make frame 3.',
    },
  },
}

/** RISEBench/datav2_total_w_subtask.json and RISEBench/data with the pictures. */
export async function writeRise(root: string, items: readonly unknown[] = riseItems): Promise<void> {
  await writeJson(join(root, 'datav2_total_w_subtask.json'), items)
  for (const item of riseItems) {
    for (const name of [item.image, 'reference_img' in item ? item.reference_img : '']) {
      if (name) await writePainted(join(root, 'data', name))
    }
  }
}

/** What writeRise writes: one item a category, and a second logical one. */
export const riseItems = [
  {
    ...{ index: 'temporal_reasoning_1', category: 'temporal_reasoning', subtask: 'Life Progression' },
    ...{ instruction: 'Show the seed in a month.', image: 'temporal_reasoning_images/1.png' },
    reference: 'A young plant with two leaves.',
  },
  {
    ...{ index: 'causal_reasoning_1', category: 'causal_reasoning', subtask: 'State Transition' },
    ...{ instruction: 'Show it after the freezer.', image: 'causal_reasoning_images/1.png' },
    ...{ reference: 'The water is ice.', reasoning_img: true, consistency_free: true },
  },
  {
    ...{ index: 'spatial_reasoning_1', category: 'spatial_reasoning', subtask: 'Component Assembly' },
    ...{ instruction: 'Put the parts together.', image: 'spatial_reasoning_images/1.png' },
    reference_img: 'spatial_reasoning_images/1_ref.png',
  },
  {
    ...{ index: 'logical_reasoning_1', category: 'logical_reasoning', subtask: 'Mathematical Derivation' },
    ...{ instruction: 'Write the sum into the box.', image: 'logical_reasoning_images/1.png', reference_txt: '12' },
  },
  {
    ...{ index: 'logical_reasoning_2', category: 'logical_reasoning', subtask: 'Puzzle Solving' },
    ...{ instruction: 'Solve the maze.', image: 'logical_reasoning_images/2.png' },
    reference_img: 'logical_reasoning_images/2_ref.png',
  },
]
