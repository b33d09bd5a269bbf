// Where the script of the paper puts what it makes of an item: below turn1, turn2 ... and final, in a folder that the
// benchmark decides.

import type { BenchmarkItem, BenchmarkName } from './benchmark.ts'

type Placed = Pick<BenchmarkItem, 'key' | 'taskType' | 'language'>

/** The item's folder within turnN and final; null where its parts are no names of files. */
export function paperFolder(benchmark: BenchmarkName, { key, taskType, language }: Placed): string | null {
  if (![key, taskType].every(isFileName)) return null
  switch (benchmark) {
    case 'gedit':
      return `fullset/${taskType}/${language}`
    case 'imgedit':
      return 'gen_image'
    case 'kris':
    case 'rise':
      return taskType
  }
  return benchmark satisfies never
}

/** The task type as the script writes it down: of ImgEdit it knows only one. */
export function paperTaskType(benchmark: BenchmarkName, { taskType }: Pick<Placed, 'taskType'>): string {
  return benchmark === 'imgedit' ? 'imgedit' : taskType
}

/** Whether a text can be a file's name: it leads to no other folder. */
export function isFileName(text: string): boolean {
  return /^[^/\\\p{Cc}]+$/u.test(text) && !/^\.+$/.test(text)
}
