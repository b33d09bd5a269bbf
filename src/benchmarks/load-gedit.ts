import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { BenchmarkItem } from './benchmark.ts'
import { type DataFolder, givenKey, givenText, openDataFolder, parseItem } from './data-folder.ts'
import { geditGroups } from './gedit-groups.ts'
import { openParquet, type ParquetTable } from './parquet-table.ts'

const rowRule = z.object({
  key: givenKey,
  task_type: z.enum(geditGroups),
  instruction: givenText,
  instruction_language: z.enum(['en', 'cn']),
  Intersection_exist: z.boolean(),
})
const texts = Object.keys(rowRule.shape)

/** `language`: only the rows in it. `picture`: the paper edits input_image; the authors' example takes input_image_raw. */
export type GeditChoice = { language?: 'en' | 'cn'; picture?: 'input_image' | 'input_image_raw' }

/**
 * GEdit-Bench: the parquet files of the split `train` (train-*.parquet) of the Hugging Face data set, in the folder or in `data`
 * within it. Facts: isIntersection. Reads no picture before it is asked for; in the order of the items each part of a file is
 * read once. Throws BenchmarkDataError.
 */
export async function loadGedit(
  root: string,
  { language, picture = 'input_image' }: GeditChoice = {},
): Promise<BenchmarkItem[]> {
  const folder = openDataFolder(root)
  const items: (BenchmarkItem | null)[] = []
  for (const file of await findFiles(folder, root)) {
    try {
      const table = await openParquet(join(root, file))
      items.push(...(await readItems(folder, { file, table, picture, language })))
    } catch (error) {
      folder.note(file, `The file cannot be read: ${error instanceof Error ? error.message : error}.`)
    }
  }
  return folder.finish(items)
}

async function findFiles(folder: DataFolder, root: string): Promise<string[]> {
  for (const place of ['', 'data']) {
    const names = await readdir(join(root, place)).catch(() => [])
    const files = names.filter(name => /^train\b.*\.parquet$/.test(name)).sort()
    if (files.length > 0) {
      noteMissingParts(folder, files)
      return files.map(name => join(place, name))
    }
  }
  folder.note(root, 'There is no train-*.parquet, and none in a folder "data".')
  return []
}

/** Hugging Face writes of how many files each is one: train-00000-of-00004.parquet. */
function noteMissingParts(folder: DataFolder, files: readonly string[]): void {
  const total = /-of-(\d{5})/.exec(files[0] ?? '')?.[1]
  for (let part = 0; part < Number(total ?? 0); part++) {
    const start = `train-${String(part).padStart(5, '0')}-of-${total}`
    if (!files.some(name => name.startsWith(start))) folder.note(`${start}.parquet`, 'The file is missing.')
  }
}

type Part = {
  file: string
  table: ParquetTable
  picture: NonNullable<GeditChoice['picture']>
  language: GeditChoice['language']
}

async function readItems(
  folder: DataFolder,
  { file, table, picture, language }: Part,
): Promise<(BenchmarkItem | null)[]> {
  const missing = [...texts, picture].filter(column => !table.columns.includes(column))
  for (const column of missing) folder.note(file, `The column ${column} is missing.`)
  if (missing.length > 0) return []
  const rows = await table.readRows(texts)
  const bare = await table.findRowsWithoutPicture(picture)
  return rows.map((values, row) => {
    const at = nameOf(values, `row ${row} of ${file}`)
    const item = parseItem(folder, at, values, rowRule)
    if (item === null || (language && item.instruction_language !== language)) return null
    if (bare.has(row)) {
      folder.note(at, `The picture ${picture} is missing.`)
      return null
    }
    return {
      ...{ key: item.key, taskType: item.task_type, language: item.instruction_language },
      instruction: item.instruction,
      source: { name: `${file}#${row}.${picture}`, read: () => table.readPicture(picture, row) },
      ...{ references: [], pictures: {}, facts: { isIntersection: item.Intersection_exist } },
    }
  })
}

const named = z.object({ key: givenKey })

function nameOf(values: unknown, place: string): string {
  const key = named.safeParse(values).data?.key
  return key === undefined ? place : `${key} (${place})`
}
