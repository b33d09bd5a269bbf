import type { AnswerRules } from './answers.ts'
import { type BenchmarkName, benchmarks } from './benchmark.ts'
import type { BenchmarkScores, Score } from './benchmark-scores.ts'
import { type BootstrapOptions, bootstrapScores, type Interval } from './bootstrap.ts'
import { type JudgedRun, lastRoundOf, type Selection, selectItems } from './judged-run.ts'
import { type PublishedRow, published } from './published.ts'
import { type SwitchesOf, scoreBenchmark, tabulateBenchmark } from './score-benchmark.ts'

/** A value with its interval; null: there is none. */
export type ReportCell = { value: number | null; interval: Interval | null }

/** The scores of one choice of pictures. `failed`: the ids of the items without a score. */
export type MeasuredRow = {
  selection: Selection
  items: number
  failed: string[]
  cells: ReportCell[]
  details: Score[]
}

/** A run's scores as the paper's table has them, beside what the paper prints. */
export type BenchmarkReport = {
  benchmark: BenchmarkName
  title: string
  editor: string
  thinker: string | null
  judge: string
  rules: AnswerRules
  switches: Record<string, unknown>
  /** The share of the intervals, such as 0.95, and how many resamples they are made of. */
  level: number
  resamples: number
  columns: Pick<Score, 'name' | 'title'>[]
  /** The first round, the last and the best of each item. */
  rows: MeasuredRow[]
  /** Every round, up to the last of any item; items that ended before it count with their last picture. */
  rounds: MeasuredRow[]
  /** Of the same editor where the paper has it, else all that its authors measured themselves. */
  published: PublishedRow[]
}

export type ReportOptions = BootstrapOptions & { rules?: AnswerRules; switches?: SwitchesOf[BenchmarkName] }

/**
 * The report of a run. Pure: the same input gives the same report. Of GEdit's two languages, of which the published tables
 * have one each, a run in both is reported in English unless a switch says otherwise.
 */
export function makeReport(
  run: JudgedRun,
  { rules = 'strict', switches: given = {}, ...bootstrap }: ReportOptions = {},
): BenchmarkReport {
  const switches = { ...(isInBothLanguages(run) && { language: 'en' as const }), ...given }
  const { level = 0.95, resamples = 1_000 } = bootstrap
  const measure = (selection: Selection) => toRow(run, selection, { rules, switches, bootstrap })
  const rounds = Array.from({ length: lastRoundOf(run) }, (_, at) => measure(at + 1))
  // By what a round's row means these are two of them.
  const [first, last] = [rounds[0], rounds.at(-1)]
  const rows: MeasuredRow[] = [
    first ? { ...first, selection: 'baseline' } : measure('baseline'),
    last ? { ...last, selection: 'last' } : measure('last'),
    measure('best'),
  ]
  const { benchmark, editor, thinker, judge } = run
  return {
    ...{ benchmark, title: benchmarks[benchmark].title, editor, thinker, judge, rules, switches },
    ...{ level, resamples, columns: columnsOf(run, switches), rows, rounds },
    published: isPrinted(run, switches) ? findPublished(benchmark, editor) : [],
  }
}

/** Of GEdit the paper prints English numbers alone. */
function isPrinted({ benchmark, items }: JudgedRun, switches: SwitchesOf['gedit']): boolean {
  const isChinese = switches.language === 'cn' || (items.length > 0 && items.every(({ language }) => language === 'cn'))
  return benchmark !== 'gedit' || !isChinese
}

function isInBothLanguages({ benchmark, items }: JudgedRun): boolean {
  return benchmark === 'gedit' && new Set(items.map(({ language }) => language)).size > 1
}

type Way = { rules: AnswerRules; switches: SwitchesOf[BenchmarkName]; bootstrap: BootstrapOptions }

function toRow(run: JudgedRun, selection: Selection, { rules, switches, bootstrap }: Way): MeasuredRow {
  const scores = scoreRun(run, selection, { rules, switches })
  const intervals = bootstrapScores(scores.items, items => tabulateBenchmark(run.benchmark, items, switches), bootstrap)
  return {
    ...{ selection, items: scores.items.length, failed: scores.failed, details: scores.details },
    cells: scores.table.map(({ name, value }) => ({ value, interval: intervals.get(name) ?? null })),
  }
}

function scoreRun(run: JudgedRun, selection: Selection, { rules, switches }: Omit<Way, 'bootstrap'>): BenchmarkScores {
  return scoreBenchmark(run.benchmark, selectItems(run, selection, rules), switches)
}

function columnsOf({ benchmark }: JudgedRun, switches: SwitchesOf[BenchmarkName]): BenchmarkReport['columns'] {
  return tabulateBenchmark(benchmark, [], switches).map(({ name, title }) => ({ name, title }))
}

/** Which editor of ours is which row of the paper. */
const printedAs: Record<string, string> = {
  'flux-kontext-dev': 'FLUX.1-Kontext-dev‡',
  'omnigen2-edit': 'OmniGen2‡',
  omnigen2: 'OmniGen2‡',
  'qwen-image-edit': 'Qwen-Image-Edit‡',
}

function findPublished(benchmark: BenchmarkName, editor: string): PublishedRow[] {
  const rows = published.filter(row => row.benchmark === benchmark && row.model.endsWith('‡'))
  const own = rows.filter(({ model }) => model === printedAs[editor])
  return own.length > 0 ? own : rows
}
