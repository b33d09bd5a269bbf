import type { BenchmarkReport, MeasuredRow, ReportCell } from '../../benchmarks/report.ts'
import { roundScore } from '../../benchmarks/round-score.ts'

/** A table of a report, as texts: what the terminal, Markdown and CSV show. */
export type ReportTable = { title: string; head: string[]; rows: string[][] }

/** Digits as the paper prints them. */
const digitsOf = { gedit: 2, imgedit: 2, kris: 2, rise: 1 } as const

/** The tables: the paper's with its own rows below ours, round by round, and everything in detail. */
export function toReportTables(report: BenchmarkReport): ReportTable[] {
  const titles = report.columns.map(({ title }) => title)
  const head = ['', 'items', ...titles]
  const below = report.published.map(row => [
    `paper: ${row.model}${row.thinker === null ? '' : ` + ${row.thinker}`}`,
    '',
    ...report.columns.map(({ name }) => formatNumber(row.values[name] ?? null, report)),
  ])
  return [
    { title: toTitle(report), head, rows: [...report.rows.map(row => toTexts(row, report)), ...below] },
    { title: 'Round by round', head, rows: report.rounds.map(row => toTexts(row, report)) },
    toDetails(report),
  ]
}

/** A number as the paper prints it; "–" where there is none. */
export function formatNumber(value: number | null, { benchmark }: Pick<BenchmarkReport, 'benchmark'>): string {
  const digits = digitsOf[benchmark]
  return value === null ? '–' : roundScore(value, digits).toFixed(digits)
}

/** What a row is called. */
export function nameRow({ selection }: MeasuredRow): string {
  return typeof selection === 'number' ? `round ${selection}` : selection
}

/** With more columns than these only the last, the overall score, has room for its interval; CSV and JSON have them all. */
const ROOMY = 5

function toTexts(row: MeasuredRow, report: BenchmarkReport): string[] {
  const first = row.cells.length > ROOMY ? row.cells.length - 1 : 0
  const cells = row.cells.map((cell, at) => formatCell(at < first ? { ...cell, interval: null } : cell, report))
  return [nameRow(row), countItems(row), ...cells]
}

function countItems({ items, failed }: MeasuredRow): string {
  return failed.length === 0 ? String(items) : `${items - failed.length} of ${items}`
}

function formatCell({ value, interval }: ReportCell, report: BenchmarkReport): string {
  const text = formatNumber(value, report)
  if (interval === null) return text
  return `${text} [${formatNumber(interval.low, report)}, ${formatNumber(interval.high, report)}]`
}

function toTitle({ title, editor, thinker, judge, rules, switches, level, resamples }: BenchmarkReport): string {
  const models = thinker === null ? editor : `${editor} + ${thinker}`
  // What else the numbers hang on: a table that is passed around has to say it.
  const ways = Object.entries(switches).map(([name, value]) => `${name}=${value}`)
  const parts = [models, `judged by ${judge}`, ...ways, ...(rules === 'official' ? ['official rules'] : [])]
  const share = Number((level * 100).toFixed(3))
  return `${title}: ${parts.join(', ')} ([..] ${share} % bootstrap intervals, ${resamples} resamples)`
}

function toDetails(report: BenchmarkReport): ReportTable {
  const [first] = report.rows
  const rows = (first?.details ?? []).map(({ title }, at) => [
    title,
    ...report.rows.flatMap(({ details }) => {
      const score = details[at]
      return [String(score?.items ?? 0), formatNumber(score?.value ?? null, report)]
    }),
  ])
  return { title: 'In detail', head: ['', ...report.rows.flatMap(row => ['items', nameRow(row)])], rows }
}
