// Reading a benchmark's folder: everything that is wrong is noted down, and told at the end.

import { readFile, stat } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { type BenchmarkItem, type BenchmarkPicture, toItemId } from './benchmark.ts'
import { BenchmarkDataError, type DataProblem } from './errors.ts'
import { isFileName } from './paper-layout.ts'

/** A folder in the reading. Its functions note a problem and give null where what is asked for is not there. */
export type DataFolder = {
  note(item: string, problem: string): void
  /** The first of these files that exists, as a path. A name is below the root unless it is a whole path. */
  tryFile(...names: string[]): Promise<string | null>
  /** The same; notes them where none does. */
  findFile(...names: string[]): Promise<string | null>
  hasFolder(path: string): Promise<boolean>
  readJson<Value>(path: string, rule: z.ZodType<Value>): Promise<Value | null>
  /** The picture of that name below the first of the folders that has it. Looks whether it is there; reads nothing. */
  findPicture(item: string, name: string, ...folders: string[]): Promise<BenchmarkPicture | null>
  /**
   * All items, or BenchmarkDataError with everything that was noted; duplicates are noted too. Null stands for an item that
   * something was noted of.
   */
  finish(items: readonly (BenchmarkItem | null)[]): BenchmarkItem[]
}

/** A text that says something. */
export const givenText = z.string({ error: orMissing('must be a text') }).refine(text => text.trim() !== '', 'is empty')

/** A key that can be a file's name, written as a text or a number. */
export const givenKey = z
  .union([z.string(), z.number()], { error: orMissing('must be a text or a number') })
  .transform(String)
  .refine(isFileName, 'is no name for a file')

/** Begins to read `root`. */
export function openDataFolder(root: string): DataFolder {
  const problems: DataProblem[] = []
  const note = (item: string, problem: string) => void problems.push({ item, problem })
  const show = (path: string) => relative(root, path).split(sep).join('/') || '.'
  const tryFile = async (...names: string[]) => {
    for (const path of names.map(name => resolve(root, name))) if (await isFile(path)) return path
    return null
  }
  return {
    note,
    tryFile,
    async findFile(...names) {
      const path = await tryFile(...names)
      if (path === null) note(root, `There is no ${[...new Set(names.map(name => basename(name)))].join(' and no ')}.`)
      return path
    },
    hasFolder: async path => (await stat(path).catch(() => null))?.isDirectory() ?? false,
    async readJson(path, rule) {
      try {
        const read = rule.safeParse(JSON.parse(await readFile(path, 'utf8')))
        if (read.success) return read.data
        for (const { path: field, message } of read.error.issues) {
          note(show(path), `${field.join('.') || 'The file'}: ${message}.`)
        }
      } catch (error) {
        note(show(path), `The file is no JSON: ${error instanceof Error ? error.message : error}.`)
      }
      return null
    },
    async findPicture(item, name, ...folders) {
      for (const folder of folders) {
        const path = resolve(folder, name)
        // A list that was downloaded must not reach for other files of this machine.
        if (!path.startsWith(resolve(folder) + sep)) continue
        if (await isFile(path)) return { name: show(path), read: () => readFile(path) }
      }
      note(item, `The picture ${show(join(folders[0] ?? root, name))} is missing.`)
      return null
    },
    finish(items) {
      const found = new Map<string, BenchmarkItem>()
      for (const item of items) {
        if (item === null) continue
        const id = toItemId(item)
        if (found.has(id)) note(id, 'The item is there twice.')
        else found.set(id, item)
      }
      const good = [...found.values()]
      if (problems.length === 0 && good.length === 0) note(root, 'There are no items.')
      if (problems.length > 0) throw new BenchmarkDataError(problems, good)
      return good
    },
  }
}

/** What breaks the rules of an item, noted by its field; null then. */
export function parseItem<Value>(
  folder: DataFolder,
  item: string,
  value: unknown,
  rule: z.ZodType<Value>,
): Value | null {
  const read = rule.safeParse(value)
  if (read.success) return read.data
  for (const { path, message } of read.error.issues) folder.note(item, `${path.join('.') || 'The item'}: ${message}.`)
  return null
}

function orMissing(otherwise: string) {
  return ({ input }: { input?: unknown }) => (input === undefined ? 'is missing' : otherwise)
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false
}
