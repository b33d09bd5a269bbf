import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { BenchmarkItem } from './benchmark.ts'
import { type DataFolder, givenKey, givenText, openDataFolder, parseItem } from './data-folder.ts'
import { imgeditTypes } from './imgedit-types.ts'

/** The lists as they are called by the authors and by the paper's script, and where they lie. */
const lists = ['singleturn.json', 'basic_edit.json'].flatMap(name =>
  ['', 'singleturn/', 'Benchmark/singleturn/', 'Basic/', 'Benchmark/Basic/'].map(folder => `${folder}${name}`),
)

const itemRule = z
  .object({
    id: givenText.optional(),
    path: givenText.optional(),
    prompt: givenText.optional(),
    instruction: givenText.optional(),
    edit_type: z.enum(imgeditTypes),
  })
  .refine(({ prompt, instruction }) => (prompt ?? instruction) !== undefined, {
    path: ['prompt'],
    message: 'is missing',
  })

/**
 * ImgEdit-Bench's basic (single-turn) items: a list of key to {id, prompt, edit_type}, with the picture `id` beside it or in a
 * folder `singleturn` there. Throws BenchmarkDataError with everything that is missing.
 */
export async function loadImgedit(root: string): Promise<BenchmarkItem[]> {
  const folder = openDataFolder(root)
  const list = await folder.findFile(...lists)
  const entries = list === null ? null : await folder.readJson(list, z.record(givenKey, z.unknown()))
  if (list === null || entries === null) return folder.finish([])
  const pictures = ['', 'singleturn', 'Benchmark/singleturn'].map(name => join(dirname(list), name))
  return folder.finish(
    await Promise.all(Object.entries(entries).map(([key, value]) => toItem(folder, key, value, pictures))),
  )
}

async function toItem(
  folder: DataFolder,
  key: string,
  value: unknown,
  pictures: readonly string[],
): Promise<BenchmarkItem | null> {
  const item = parseItem(folder, key, value, itemRule)
  if (item === null) return null
  const source = await folder.findPicture(key, item.id ?? item.path ?? key, ...pictures)
  return (
    source && {
      ...{ key, taskType: item.edit_type, language: 'en', instruction: item.prompt ?? item.instruction ?? '' },
      ...{ source, references: [], pictures: {}, facts: { editType: item.edit_type } },
    }
  )
}
