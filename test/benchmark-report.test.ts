import { describe, expect, it, test } from 'vitest'
import { judgedRunRule, selectItems } from '../src/benchmarks/judged-run.ts'
import { type BenchmarkReport, type MeasuredRow, makeReport } from '../src/benchmarks/report.ts'
import { formatReport, reportFormats } from '../src/cli/bench/report-formats.ts'
import { drawScoreChart } from '../src/cli/bench/score-chart.ts'
import { sparkline } from '../src/cli/bench/sparkline.ts'
import { krisRun, krisRunItem } from './support/judged-run.ts'

const quick = { resamples: 50 }
// Round by round 0, 25, 100 and 50, 100: the first is best in its second round, the last of which is worse.
const run = krisRun([krisRunItem('1', [1, 5, 2], 2), krisRunItem('2', [3, 5])])

function overallOf(row: MeasuredRow | undefined): number | null | undefined {
  return row?.cells.at(-1)?.value
}

function byName({ rows }: BenchmarkReport): Record<string, number | null | undefined> {
  return Object.fromEntries(rows.map(row => [row.selection, overallOf(row)]))
}

describe('a report', () => {
  it('scores the first, the last and the best picture of each item from one run', () => {
    expect(byName(makeReport(run, quick))).toEqual({ baseline: 25, last: 62.5, best: 100 })
  })

  it('carries an item that has ended on into the rounds after it', () => {
    expect(makeReport(run, quick).rounds.map(overallOf)).toEqual([25, 100, 62.5])
  })

  it('names the items without a picture or a readable answer and scores the others', () => {
    const unread = krisRunItem('3', [4, 4])
    if (unread.rounds[1]) unread.rounds[1].answers.quality = 'I cannot say.'
    const failed = { ...krisRunItem('4', []), best: null }
    const report = makeReport(krisRun([krisRunItem('1', [3, 5]), unread, failed]), quick)
    expect(report.rows.map(row => row.failed)).toEqual([
      ['color_change/en/4'],
      ['color_change/en/3', 'color_change/en/4'],
      ['color_change/en/3', 'color_change/en/4'],
    ])
    expect(byName(report)).toEqual({ baseline: 62.5, last: 100, best: 100 })
    expect(formatReport(report, 'text')).toContain(
      'last: no score of 2 items, such as color_change/en/3, color_change/en/4',
    )
  })

  it('takes the untouched source for every round where it was good enough', () => {
    const satisfied = krisRunItem('1', [4])
    satisfied.rounds[0] = { round: 0, answers: satisfied.rounds[0]?.answers ?? {} }
    const report = makeReport(krisRun([{ ...satisfied, best: 0 }, krisRunItem('2', [4, 4])]), quick)
    expect(byName(report)).toEqual({ baseline: 75, last: 75, best: 75 })
    expect(report.rounds.map(overallOf)).toEqual([75, 75])
  })

  it('reads the same answers by other rules without asking again', () => {
    const vague = krisRunItem('1', [4])
    if (vague.rounds[0]) vague.rounds[0].answers.quality = 'It has 2 flaws.'
    const judged = krisRun([vague])
    expect(selectItems({ ...judged, benchmark: 'kris' }, 'last', 'strict')[0]?.answers.quality).toBeNull()
    expect(overallOf(makeReport(judged, { ...quick, rules: 'official' }).rows[0])).toBeCloseTo((75 + 75 + 25) / 3, 12)
    expect(overallOf(makeReport(judged, quick).rows[0])).toBeNull()
  })

  it('is the same each time, intervals included', () => {
    expect(makeReport(run, quick)).toEqual(makeReport(run, quick))
    expect(makeReport(run, quick).rows[0]?.cells.at(-1)?.interval).toEqual({ low: 0, high: 50 })
  })

  it('has the rows of the same editor in the paper, else all that its authors measured', () => {
    const models = (editor: string) => makeReport(krisRun([], { editor }), quick).published.map(({ model }) => model)
    expect(models('flux-kontext-dev')).toEqual(Array(3).fill('FLUX.1-Kontext-dev‡'))
    expect(models('builtin-retouch')).toHaveLength(9)
  })

  it('is of the English items where GEdit was run in both languages', () => {
    const answers = { semantic: '{"score": [9, 9]}', quality: '{"score": [4, 4]}' }
    const item = { key: '1', taskType: 'ps_human', facts: {}, rounds: [{ round: 1, answers }], best: 1 }
    const items = (['en', 'cn'] as const).map(language => ({ ...item, language }))
    const itemsOf = (given: typeof items, switches = {}) =>
      makeReport(krisRun(given, { benchmark: 'gedit' }), { ...quick, switches }).rows[0]?.items
    expect([itemsOf(items), itemsOf(items, { language: 'cn' }), itemsOf(items.slice(1))]).toEqual([1, 1, 1])
    expect(makeReport(krisRun(items.slice(1), { benchmark: 'gedit' }), quick).published).toEqual([])
    const title = formatReport(makeReport(krisRun(items, { benchmark: 'gedit' }), quick), 'text').split('\n')[0]
    expect(title).toContain('judged by gpt-4.1, language=en ([..]')
  })

  it('takes switches', () => {
    const report = makeReport(krisRun([]), { ...quick, switches: { temporal: true } })
    expect(report.columns.map(({ title }) => title)).toContain('Temporal')
    expect(makeReport(run, quick).columns.map(({ title }) => title)).toEqual([
      ...['Attribute', 'Spatial', 'Factual', 'Social', 'Natural', 'Conceptual', 'Logical', 'Instruction'],
      ...['Procedural', 'Overall'],
    ])
  })
})

describe('a report is written', () => {
  const report = makeReport(run, quick)

  it("as text: ours, the paper's, round by round and in detail", () => {
    const lines = formatReport(report, 'text').split('\n')
    expect(lines[0]).toMatch(/^KRIS-Bench: flux-kontext-dev \+ editthinker-8b, judged by gpt-4.1 /)
    expect(lines.find(line => line.startsWith('best '))).toMatch(
      /^best +2 +100\.00 +– .* 100\.00 \[100\.00, 100\.00\]$/,
    )
    expect(lines.find(line => line.startsWith('paper: FLUX.1-Kontext-dev‡ + EditThinker-8B'))).toMatch(
      /77\.82 .* 69\.53$/,
    )
    expect(lines.find(line => line.startsWith('round 3'))).toContain('62.50')
    expect(lines).toContain('Overall by round  ▁█▅  25.00 to 62.50')
    expect(lines.find(line => line.startsWith('color_change VC'))).toBeDefined()
  })

  it('with the rules and switches that it goes by', () => {
    const official = makeReport(run, { ...quick, rules: 'official', switches: { temporal: true } })
    expect(formatReport(official, 'text')).toContain('judged by gpt-4.1, temporal=true, official rules ([..]')
  })

  it('as Markdown, its signs escaped', () => {
    const text = formatReport(makeReport(krisRun(run.items, { editor: 'a|b_c' }), quick), 'markdown')
    expect(text).toMatch(/^## KRIS-Bench: a\\\|b\\_c \+ editthinker-8b/)
    expect(text).toMatch(/\n\| :-+ \| -+: \|/)
    expect(text).toMatch(/\n\| baseline +\| +2 \|/)
  })

  it('as CSV with a number a row', () => {
    const lines = formatReport(report, 'csv').trimEnd().split('\n')
    expect(lines[0]).toBe('benchmark,editor,thinker,judge,row,score,value,low,high,items,failed')
    expect(lines).toContain('kris,flux-kontext-dev,editthinker-8b,gpt-4.1,best,overall,100,100,100,2,0')
    expect(lines).toContain('kris,FLUX.1-Kontext-dev‡,EditThinker-8B,as published,paper,overall,69.53,,,,')
  })

  it.each(reportFormats)('as %s that ends with its last line', format => {
    expect(formatReport(report, format)).toMatch(/\S\n$/)
  })

  it('as JSON, whole', () => {
    expect(JSON.parse(formatReport(report, 'json'))).toEqual(report)
  })
})

test('a run from a file is held to the form of one', () => {
  expect(judgedRunRule.parse(JSON.parse(JSON.stringify(run)))).toEqual(run)
  const { issues = [] } = judgedRunRule.safeParse({ ...run, benchmark: 'mnist', items: [{ key: 1 }] }).error ?? {}
  expect(issues.map(({ path }) => path.join('.'))).toEqual(
    expect.arrayContaining(['benchmark', 'items.0.key', 'items.0.rounds']),
  )
})

describe('the chart', () => {
  it("shows each round's score with its interval, and the best", () => {
    const svg = drawScoreChart(makeReport(run, quick)) ?? ''
    expect(svg.match(/<circle /g)).toHaveLength(3)
    expect(svg.match(/stroke-width="6"/g)).toHaveLength(3)
    expect(svg).toContain('best of each 100.00')
    const [, points = ''] = /<polyline points="([^"]+)"/.exec(svg) ?? []
    const heights = points.split(' ').map(point => Number(point.split(',')[1]))
    expect(heights).toHaveLength(3)
    const [first = 0, second = 0, third = 0] = heights
    expect(first).toBeGreaterThan(third)
    expect(third).toBeGreaterThan(second)
    for (const y of heights) expect(y).toSatisfy((at: number) => at >= 56 && at <= 344)
  })

  it('escapes names and is the same each time', () => {
    const named = makeReport(krisRun(run.items, { editor: '<b>&"' }), quick)
    expect(drawScoreChart(named)).toContain('&lt;b&gt;&amp;&quot;')
    expect(drawScoreChart(named)).not.toContain('<b>')
    expect(drawScoreChart(named)).toBe(drawScoreChart(named))
  })

  it('is none without a score', () => {
    expect(drawScoreChart(makeReport(krisRun([]), quick))).toBeNull()
  })

  it('in one line has the least lowest and a gap for none', () => {
    expect(sparkline([1, 2, null, 8])).toBe('▁▂ █')
    expect(sparkline([3, 3])).toBe('▄▄')
    expect(sparkline([])).toBe('')
  })
})
