import type { BenchmarkItem, BenchmarkName } from '../../benchmarks/benchmark.ts'
import { BenchmarkDataError } from '../../benchmarks/errors.ts'
import { loadBenchmark } from '../../benchmarks/load-benchmark.ts'
import { loadGedit } from '../../benchmarks/load-gedit.ts'
import { CliError } from '../cli-error.ts'

/** Which items of a benchmark's folder, and how they are taken. */
export type ItemChoice = {
  data: string
  language: 'en' | 'cn' | 'all'
  limit?: number | undefined
  /** Leave those out that something is wrong with. */
  skipBad?: true | undefined
  /** GEdit: the picture as it was before it was fitted to the benchmark's sizes. */
  rawPictures?: true | undefined
  /** KRIS: the editor is given only the first picture of an item that has several, as in the paper; the judge sees all. */
  firstPicture?: true | undefined
}

/** The chosen items, and one line for each fault of the others. */
export type LoadedItems = { items: BenchmarkItem[]; problems: string[] }

/** Reads the folder. Throws CliError with all that is wrong in it, unless that is to be skipped and something is left. */
export async function loadItems(name: BenchmarkName, choice: ItemChoice): Promise<LoadedItems> {
  const { items, problems } = await load(name, choice)
  if (problems.length > 0 && (!choice.skipBad || items.length === 0)) {
    const way = items.length === 0 ? '' : '\n--skip-bad goes on without these.'
    const text = [`${choice.data} is not as it is published:`, ...problems].join('\n')
    throw new CliError(`${text}${way}`, { code: 'BENCHMARK_DATA' })
  }
  const chosen = items
    .filter(({ language }) => choice.language === 'all' || language === choice.language)
    .slice(0, choice.limit)
  if (chosen.length === 0) throw new CliError(`No item of ${choice.data} is in the language ${choice.language}.`)
  return { items: choice.firstPicture ? chosen.map(keepFromEditor) : chosen, problems }
}

/** What the item's references are called as pictures for the judge: see the rubric of KRIS-Bench. */
function keepFromEditor(item: BenchmarkItem): BenchmarkItem {
  const kept = item.references.map((picture, i) => [`original${i + 2}`, picture] as const)
  return { ...item, references: [], pictures: { ...item.pictures, ...Object.fromEntries(kept) } }
}

async function load(name: BenchmarkName, { data, language, rawPictures }: ItemChoice): Promise<LoadedItems> {
  const only = language === 'all' ? {} : { language }
  try {
    const items = rawPictures
      ? await loadGedit(data, { ...only, picture: 'input_image_raw' })
      : await loadBenchmark(name, data, only)
    return { items, problems: [] }
  } catch (error) {
    if (!(error instanceof BenchmarkDataError)) throw error
    return { items: [...error.items], problems: error.problems.map(({ item, problem }) => `${item}: ${problem}`) }
  }
}
