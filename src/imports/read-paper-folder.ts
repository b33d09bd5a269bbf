// The result folder of the paper's script: `final/.../{key}_meta.json`, and beside it `{key}_SRCIMG.png` and a
// `{key}_turn{n}.png` for each turn. Everything found is told of: a sample, or why it is none.

import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { FoundPicture, FoundTrajectory, TrajectorySource } from './found-trajectory.ts'
import { findBenchmark } from './paper-benchmark.ts'
import { type PaperMeta, paperMeta } from './paper-meta.ts'
import { PaperSampleError, toPaperRecord } from './to-paper-record.ts'

/** The models, which the folder does not name. */
export type PaperModels = { editor: string; thinker: string }

const META = '_meta.json'
const SOURCE = '_SRCIMG.png'

/** The samples below a folder, by path. Null: there are none. Throws what the file system throws. */
export async function openPaperFolder(path: string, models: PaperModels): Promise<TrajectorySource | null> {
  const names = (await readdir(path, { recursive: true })).map(name => name.split(sep).join('/')).sort()
  const files = new Set(names)
  const stems = new Set(names.filter(name => name.endsWith(META)).map(name => name.slice(0, -META.length)))
  // Folders of single turns hold the same pictures, without a meta file.
  const unfinished = names
    .filter(name => name.endsWith(SOURCE) && !/(^|\/)turn\d+\//.test(name))
    .map(name => name.slice(0, -SOURCE.length))
    .filter(stem => !stems.has(stem))
  const all = [...stems, ...unfinished].sort()
  if (all.length === 0) return null
  return { total: all.length, read: () => readSamples({ root: path, files, models }, all) }
}

type Folder = { root: string; files: ReadonlySet<string>; models: PaperModels }

async function* readSamples(
  folder: Folder,
  stems: readonly string[],
): AsyncGenerator<FoundTrajectory, void, undefined> {
  for (const [i, stem] of stems.entries()) {
    const at = { place: `${stem}${META}`, done: i + 1 }
    try {
      yield { ...at, ...(await readSample(folder, stem)) }
    } catch (error) {
      if (!(error instanceof PaperSampleError)) throw error
      yield { ...at, problem: error.message }
    }
  }
}

async function readSample(
  { root, files, models }: Folder,
  stem: string,
): Promise<{ record: Record<string, unknown>; pictures: FoundPicture[] }> {
  if (!files.has(`${stem}${META}`)) {
    throw new PaperSampleError('The file is missing: the script was stopped between its pictures and this.')
  }
  const folders = stem.split('/')
  const key = folders.pop()
  const meta = parseMeta(await readFile(join(root, `${stem}${META}`), 'utf8'))
  if (meta.key !== key) throw new PaperSampleError(`key must be "${key}", as the file is called, not "${meta.key}".`)
  const pictures: FoundPicture[] = []
  const pictureOf = (turn: number | null) => {
    const file = turn === null ? `${stem}${SOURCE}` : `${stem}_turn${turn}.png`
    if (!files.has(file)) throw new PaperSampleError(`The picture ${file} is missing.`)
    const node = {}
    pictures.push({ field: file, node, files: [join(root, file)] })
    return node
  }
  const benchmark = findBenchmark(folders, meta.task_type ?? null)
  return { record: toPaperRecord(meta, { ...models, benchmark, pictureOf }), pictures }
}

function parseMeta(text: string): PaperMeta {
  const read = paperMeta.safeParse(parseJson(text))
  if (read.success) return read.data
  const [issue] = read.error.issues
  const path = issue?.path.join('.')
  throw new PaperSampleError(`${path || 'The file'}: ${issue?.message ?? 'is not valid'}.`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PaperSampleError(`The file is no JSON: ${cause instanceof Error ? cause.message : cause}.`)
  }
}
