// What the benchmarks have in common. How each is laid out on disk, asked about and scored is a file of its own:
// load-*.ts, parse-*.ts, score-*.ts.

/** The benchmarks of the paper, as they are called in commands, metadata and the API. */
export const benchmarkNames = ['gedit', 'imgedit', 'kris', 'rise'] as const

/** One of them. */
export type BenchmarkName = (typeof benchmarkNames)[number]

/** A value that JSON can hold as it is. */
export type PlainJson = string | number | boolean | null | PlainJson[] | { [key: string]: PlainJson }

/** A picture of an item. `name`: its path or its row, to tell a person which; nothing of it is in memory before `read`. */
export type BenchmarkPicture = { name: string; read(): Promise<Uint8Array> }

/** One picture to edit, as the benchmark's authors give it. */
export type BenchmarkItem = {
  /** The authors' own, fit for a file name, the same in every reading: unique with taskType and language, see toItemId. */
  key: string
  /** What results are grouped by first: GEdit's group, ImgEdit's edit_type, the category of KRIS and RISE. */
  taskType: string
  language: 'en' | 'cn'
  instruction: string
  source: BenchmarkPicture
  /** Pictures the editor is given after the source, in their order (KRIS items of several pictures). */
  references: BenchmarkPicture[]
  /** Pictures for the judge alone, by the name that its rubric knows them by, such as `groundTruth`. */
  pictures: Record<string, BenchmarkPicture>
  /** What the judge and the score need to know beside that: see the loader of the benchmark. */
  facts: Record<string, PlainJson>
}

/** What tells an item from all others of its benchmark: KRIS counts from 1 in each category, GEdit's keys may be in both languages. */
export function toItemId({ taskType, language, key }: Pick<BenchmarkItem, 'taskType' | 'language' | 'key'>): string {
  return `${taskType}/${language}/${key}`
}

/** A benchmark as it is called by people, with the range of its overall score. */
export type Benchmark = { name: BenchmarkName; title: string; scale: { from: number; to: number }; items: number }

/** Every benchmark. `items`: how many its authors publish, both languages of GEdit counted. */
export const benchmarks: Record<BenchmarkName, Benchmark> = {
  gedit: { name: 'gedit', title: 'GEdit-Bench', scale: { from: 0, to: 10 }, items: 1_212 },
  imgedit: { name: 'imgedit', title: 'ImgEdit-Bench', scale: { from: 1, to: 5 }, items: 737 },
  kris: { name: 'kris', title: 'KRIS-Bench', scale: { from: 0, to: 100 }, items: 1_267 },
  rise: { name: 'rise', title: 'RISEBench', scale: { from: 0, to: 100 }, items: 360 },
}
