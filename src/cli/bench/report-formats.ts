import { stringify } from 'csv-stringify/sync'
import { markdownTable } from 'markdown-table'
import type { BenchmarkReport } from '../../benchmarks/report.ts'
import { formatTable } from '../format-table.ts'
import { formatNumber, nameRow, toReportTables } from './report-tables.ts'
import { sparkline } from './sparkline.ts'

/** How a report can be written. */
export const reportFormats = ['text', 'markdown', 'csv', 'json'] as const

export type ReportFormat = (typeof reportFormats)[number]

/** The report as text. CSV has a row for each number, so that it needs no parsing of cells; JSON is the report itself. */
export function formatReport(report: BenchmarkReport, format: ReportFormat): string {
  switch (format) {
    case 'text':
      return toText(report)
    case 'markdown':
      return toMarkdown(report)
    case 'csv':
      return stringify(toRecords(report), { header: true, columns: csvColumns })
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`
  }
  format satisfies never
}

function toText(report: BenchmarkReport): string {
  const tables = toReportTables(report).map(
    ({ title, head, rows }) => `${title}\n\n${formatTable({ head, rows, flexible: 0 }, null)}`,
  )
  return `${[...tables, describeRounds(report), describeFailed(report)].filter(text => text !== '').join('\n\n')}\n`
}

/** The overall score over the rounds, and whether the best pictures do better. */
function describeRounds(report: BenchmarkReport): string {
  const values = report.rounds.map(({ cells }) => cells.at(-1)?.value ?? null)
  const [first, last] = [values[0] ?? null, values.at(-1) ?? null]
  if (values.length < 2 || first === null || last === null) return ''
  const column = report.columns.at(-1)?.title ?? ''
  return `${column} by round  ${sparkline(values)}  ${formatNumber(first, report)} to ${formatNumber(last, report)}`
}

function describeFailed({ rows }: BenchmarkReport): string {
  const lines = rows
    .filter(({ failed }) => failed.length > 0)
    .map(row => `${nameRow(row)}: no score of ${row.failed.length} items, such as ${row.failed.slice(0, 5).join(', ')}`)
  return lines.join('\n')
}

function toMarkdown(report: BenchmarkReport): string {
  const parts = toReportTables(report).map(({ title, head, rows }) => {
    return `## ${escapeMarks(title)}\n\n${markdownTable(
      [head, ...rows].map(row => row.map(escapeMarks)),
      { align: alignOf(head) },
    )}\n`
  })
  const failed = describeFailed(report)
  return [...parts, ...(failed === '' ? [] : [`${escapeMarks(failed)}\n`])].join('\n')
}

function alignOf(head: readonly string[]): string[] {
  return head.map((_, at) => (at === 0 ? 'l' : 'r'))
}

function escapeMarks(text: string): string {
  return text.replace(/[\\`*_<>|]/g, sign => `\\${sign}`)
}

const csvColumns = [
  'benchmark',
  'editor',
  'thinker',
  'judge',
  'row',
  'score',
  'value',
  'low',
  'high',
  'items',
  'failed',
]

function toRecords(report: BenchmarkReport): Record<string, unknown>[] {
  const { benchmark, editor, thinker, judge, columns } = report
  const measured = [...report.rows, ...report.rounds].flatMap(row => {
    const about = { benchmark, editor, thinker, judge, row: nameRow(row) }
    const failed = row.failed.length
    const cells = row.cells.map(({ value, interval }, at) => ({
      ...{ ...about, score: columns[at]?.name, value, low: interval?.low, high: interval?.high },
      ...{ items: row.items, failed },
    }))
    return [...cells, ...row.details.map(({ name, value, items }) => ({ ...about, score: name, value, items }))]
  })
  const printed = report.published.flatMap(({ model, thinker: added, values }) =>
    Object.entries(values).map(([score, value]) => {
      return { benchmark, editor: model, thinker: added, judge: 'as published', row: 'paper', score, value }
    }),
  )
  return [...measured, ...printed]
}
