import { writeFile } from 'node:fs/promises'
import { Argument, Command, Option } from 'commander'
import { z } from 'zod'
import type { AnswerRules } from '../../benchmarks/answers.ts'
import { type BenchmarkName, benchmarkNames } from '../../benchmarks/benchmark.ts'
import { type JudgedRun, judgedRunRule } from '../../benchmarks/judged-run.ts'
import { makeReport } from '../../benchmarks/report.ts'
import type { SwitchesOf } from '../../benchmarks/score-benchmark.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError, UsageError } from '../cli-error.ts'
import { collect, openSession, parseWholeNumber, type Session } from '../session.ts'
import { loadBenchRun, loadJudgeRuns } from './load-bench-run.ts'
import { formatReport, type ReportFormat, reportFormats } from './report-formats.ts'
import { drawScoreChart } from './score-chart.ts'

type Options = {
  run: string
  judging?: string
  format: ReportFormat
  out?: string
  chart?: string
  rules: AnswerRules
  switch: string[]
  resamples?: number
}

const help = `
The table has a row for the first round (baseline), the last and the best picture of each item, then each round, and below
them what the paper prints. [..] are bootstrap intervals. It is computed from the judge's words as they were kept: no model
is called. --rules official reads them as the published scripts do.

Switches, where the published code differs from the paper or from itself:
  gedit    subset=full|intersection  language=en|cn  groups=all|present
  imgedit  overall=micro|macro
  kris     temporal=false|true
  rise     accuracy=paper|official  isGapFree=false|true
Of a run of gedit in both languages the English items are reported, unless language says otherwise.`

/** `pentimento bench report`. */
export function benchReportCommand(): Command {
  return new Command('report')
    .description("print the paper's table of a run that was judged")
    .addArgument(new Argument('<benchmark>', 'which').choices(benchmarkNames))
    .requiredOption('--run <label>', 'the label of the run, or its fingerprint alone')
    .option('--judging <name>', 'the name of its judge runs, where it has been judged in several ways')
    .addOption(new Option('--format <format>', 'how it is written').choices(reportFormats).default('text'))
    .option('--out <file>', 'write it to a file')
    .option('--chart <file>', 'write an SVG of the score against the round')
    .addOption(new Option('--rules <rules>', 'how answers are read').choices(['strict', 'official']).default('strict'))
    .addOption(new Option('--switch <name=value>', 'see below; may be repeated').argParser(collect).default([]))
    .option('--resamples <n>', 'for the intervals (default: 1000)', parseWholeNumber(1, 100_000))
    .addHelpText('after', help)
    .action(async (benchmark: BenchmarkName, options: Options, command: Command) => {
      await reportRun(openSession(command), benchmark, options)
    })
}

async function reportRun({ api, isJson }: Session, benchmark: BenchmarkName, options: Options): Promise<void> {
  const switches = parseSwitches(benchmark, options.switch)
  const run = await loadJudgedRun(api, benchmark, options)
  const { rules, resamples, out, chart } = options
  const report = makeReport(run, { rules, switches, ...(resamples !== undefined && { resamples }) })
  const text = formatReport(report, isJson ? 'json' : options.format)
  if (out === undefined) process.stdout.write(text)
  else await write(out, text)
  if (chart === undefined) return
  const drawn = drawScoreChart(report)
  if (drawn === null) throw new CliError('No round has a score, so there is nothing to draw.')
  await write(chart, drawn)
}

async function loadJudgedRun(api: ApiClient, benchmark: BenchmarkName, { run, judging }: Options): Promise<JudgedRun> {
  const { label, editor, thinker, unfinished } = await loadBenchRun(api, benchmark, run)
  if (unfinished > 0) console.error(`${unfinished} items of the run are not finished and count as failed.`)
  const runs = await loadJudgeRuns(api, `${label} by `)
  const names = [...new Set(runs.map(({ name }) => name))]
  if (names.length === 0) throw new CliError(`${label} was not judged: see "pentimento bench judge".`)
  const chosen = judging ?? (names.length === 1 ? names[0] : undefined)
  const found = runs.find(({ name }) => name === chosen)
  if (found === undefined) {
    throw new UsageError(`Choose with --judging what is reported:\n${names.map(name => `  ${name}`).join('\n')}`)
  }
  if (runs.some(({ name, status }) => name === chosen && status === 'RUNNING')) {
    console.error('It is being judged still: what has no answer yet counts as failed.')
  }
  const items = await loadItems(api, label, found.name)
  return { benchmark, editor, thinker, judge: found.model, items }
}

const Page = z.object({
  judgedItems: z.object({
    edges: z.array(z.object({ node: judgedRunRule.shape.items.element })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})

const itemsDocument = `query JudgedItems($label: String!, $judging: String!, $after: String) {
  judgedItems(label: $label, judging: $judging, first: 100, after: $after) {
    edges { node { key taskType language facts best rounds { round answers } } } pageInfo { hasNextPage endCursor }
  }
}`

async function loadItems(api: ApiClient, label: string, judging: string): Promise<JudgedRun['items']> {
  const items: JudgedRun['items'] = []
  for (let after: string | null = null; ; ) {
    const { judgedItems }: z.infer<typeof Page> = await api.run(itemsDocument, { label, judging, after }, Page)
    items.push(...judgedItems.edges.map(({ node }) => node))
    after = judgedItems.pageInfo.endCursor
    if (!judgedItems.pageInfo.hasNextPage) return items
  }
}

const flag = z.enum(['true', 'false']).transform(text => text === 'true')
const switchRules = {
  gedit: z.strictObject({
    subset: z.enum(['full', 'intersection']),
    language: z.enum(['en', 'cn']),
    groups: z.enum(['all', 'present']),
  }),
  imgedit: z.strictObject({ overall: z.enum(['micro', 'macro']) }),
  kris: z.strictObject({ temporal: flag }),
  rise: z.strictObject({ accuracy: z.enum(['paper', 'official']), isGapFree: flag }),
} as const

function parseSwitches(benchmark: BenchmarkName, given: readonly string[]): SwitchesOf[BenchmarkName] {
  const pairs = given.map(text => [text.split('=')[0] ?? '', text.split('=').slice(1).join('=')])
  const read = switchRules[benchmark].partial().safeParse(Object.fromEntries(pairs))
  if (read.success) return read.data as SwitchesOf[BenchmarkName] // partial() gives undefined no key
  throw new UsageError(`--switch ${given.join(' ')} is none of ${benchmark}: --help lists them.`)
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch(cause => {
    throw new CliError(`${path} cannot be written: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  })
}
