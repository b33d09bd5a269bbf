import type { BenchmarkReport } from '../../benchmarks/report.ts'
import { formatNumber } from './report-tables.ts'

const [width, height] = [640, 400]
const plot = { left: 64, right: 616, top: 56, bottom: 344 }

type Point = { round: number; value: number; low: number; high: number }
type Scale = (value: number) => number

/**
 * An SVG of the overall score against the round, with its intervals, and the best pictures' score as a dashed line. Null: no
 * round has a score. Nothing of it depends on the machine or the time.
 */
export function drawScoreChart(report: BenchmarkReport): string | null {
  const points = report.rounds.flatMap(({ cells }, at): Point[] => {
    const cell = cells.at(-1)
    const value = cell?.value ?? null
    return value === null
      ? []
      : [{ round: at + 1, value, low: cell?.interval?.low ?? value, high: cell?.interval?.high ?? value }]
  })
  if (points.length === 0) return null
  const best = report.rows.find(({ selection }) => selection === 'best')?.cells.at(-1)?.value ?? null
  const ticks = toTicks([...points.flatMap(({ low, high }) => [low, high]), ...(best === null ? [] : [best])])
  const [from, to] = [ticks[0] ?? 0, ticks.at(-1) ?? 1]
  const y: Scale = value => plot.bottom - ((value - from) / (to - from)) * (plot.bottom - plot.top)
  const step = (plot.right - plot.left) / Math.max(1, report.rounds.length)
  const x: Scale = round => plot.left + (round - 0.5) * step
  const column = report.columns.at(-1)?.title ?? ''
  const models = report.thinker === null ? report.editor : `${report.editor} + ${report.thinker}`
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="13">`,
    `<title>${toXml(`${report.title}, ${column} by round: ${models}`)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(plot.left, 28, `${report.title}: ${models}`, 'font-size="15" font-weight="bold"'),
    ...ticks.flatMap(tick => [
      `<line x1="${plot.left}" y1="${round(y(tick))}" x2="${plot.right}" y2="${round(y(tick))}" stroke="#e0e0e0"/>`,
      text(plot.left - 8, y(tick) + 4, formatNumber(tick, report), 'text-anchor="end" fill="#555555"'),
    ]),
    ...report.rounds.map((_, at) =>
      text(x(at + 1), plot.bottom + 22, String(at + 1), 'text-anchor="middle" fill="#555555"'),
    ),
    text((plot.left + plot.right) / 2, plot.bottom + 44, `round (${column})`, 'text-anchor="middle"'),
    ...drawBest(best, y, report),
    ...drawPoints(points, { x, y }, report),
    '</svg>',
  ].join('\n')}\n`
}

function drawBest(best: number | null, y: Scale, report: BenchmarkReport): string[] {
  if (best === null) return []
  const at = round(y(best))
  return [
    `<line x1="${plot.left}" y1="${at}" x2="${plot.right}" y2="${at}" stroke="#b35900" stroke-width="1.5" stroke-dasharray="6 4"/>`,
    text(plot.right, at - 6, `best of each ${formatNumber(best, report)}`, 'text-anchor="end" fill="#b35900"'),
  ]
}

function drawPoints(points: readonly Point[], { x, y }: { x: Scale; y: Scale }, report: BenchmarkReport): string[] {
  const line = points.map(point => `${round(x(point.round))},${round(y(point.value))}`).join(' ')
  return [
    ...points.map(({ round: at, low, high }) => {
      return `<line x1="${round(x(at))}" y1="${round(y(low))}" x2="${round(x(at))}" y2="${round(y(high))}" stroke="#1f5fa8" stroke-opacity="0.45" stroke-width="6"/>`
    }),
    `<polyline points="${line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>`,
    ...points.flatMap(({ round: at, value }) => [
      `<circle cx="${round(x(at))}" cy="${round(y(value))}" r="4" fill="#1f5fa8"/>`,
      text(x(at) + 8, y(value) + 16, formatNumber(value, report), 'fill="#1f5fa8"'),
    ]),
  ]
}

/** Four to eight round numbers around the values. */
function toTicks(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const span = Math.max(most - least, Math.abs(most) * 0.01, 0.01)
  const power = 10 ** Math.floor(Math.log10(span / 4))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => span / size <= 6) ?? span
  const [from, to] = [Math.floor(least / step - 1e-9), Math.ceil(most / step + 1e-9)]
  return Array.from({ length: to - from + 1 }, (_, at) => Number(((from + at) * step).toPrecision(12)))
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${toXml(words)}</text>`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function toXml(words: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return words.replace(/[&<>"]/g, sign => entities[sign] ?? '')
}
