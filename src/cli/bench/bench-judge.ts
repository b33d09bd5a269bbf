import { Argument, Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { type BenchmarkName, benchmarkNames, toItemId } from '../../benchmarks/benchmark.ts'
import { rubrics } from '../../judging/rubric.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import { watchJudgeRun } from '../judging/watch-judge-run.ts'
import { openSession, printJson, type Session } from '../session.ts'
import { loadBenchRun, loadJudgeRuns, toJudging } from './load-bench-run.ts'
import { hashTemplates, loadTemplates, type Templates } from './load-templates.ts'

type Choice = { rounds: 'BEST' | 'LAST' | 'ALL' } | { roundIndex: number }
type Options = { run: string; judge: string; select: Choice; templates?: string }

const help = `
Which rounds: all (the default) serves every column of a report, the first picture, the last, the best and round by round.
"round 3" (or 3) is the picture that each item has after three rounds.

The judge is asked what each benchmark asks, in words of our own. --templates names a folder with files that replace them,
sent byte for byte but for the placeholders. ImgEdit: the authors' judge_prompt.json, or a file for each edit_type.
${benchmarkNames.map(name => `  ${name}: ${Object.keys(rubrics.get(name)?.templates ?? {}).join(', ')}`).join('\n')}
each with .txt at its end. Placeholders: {instruction}, {prompt} (what the editor was given); kris: {explain}, {frame}; rise:
{reference}. Those of the authors' own texts are known too: <instruction>, <edit_prompt>, {instruct}, {explanation}.

A judge run goes on without this command. The same command again follows it, then asks what has come since and what got no
answer: nothing that has been answered is asked again. What cannot be read is asked three times, and told at the end with the
item's name; then the command ends with 1.`

/** `pentimento bench judge`. */
export function benchJudgeCommand(): Command {
  return new Command('judge')
    .description("have a run's pictures scored by a judge model; again: go on")
    .addArgument(new Argument('<benchmark>', 'which').choices(benchmarkNames))
    .requiredOption('--run <label>', 'the label of the run, or its fingerprint alone')
    .requiredOption('--judge <model>', 'the judge: a thinker, by model id')
    .option('--select <which>', 'which rounds: best, last, all or "round N" (default: all)', parseChoice)
    .option('--templates <folder>', 'files that replace the texts of the questions')
    .addHelpText('after', help)
    .action(async (benchmark: BenchmarkName, options: Options, command: Command) => {
      await judgeRun(openSession(command), benchmark, options)
    })
}

function parseChoice(text: string): Choice {
  const rounds = (['BEST', 'LAST', 'ALL'] as const).find(name => name.toLowerCase() === text)
  if (rounds) return { rounds }
  const index = Number(/^(?:round )?(\d{1,3})$/.exec(text)?.[1] ?? 0)
  if (index === 0) throw new InvalidArgumentError('It must be best, last, all or "round N".')
  return { roundIndex: index }
}

async function judgeRun(
  session: Session,
  benchmark: BenchmarkName,
  { run, judge: model, select = { rounds: 'ALL' }, templates: folder }: Partial<Options> & Options,
): Promise<void> {
  const { api, isJson } = session
  const templates = folder === undefined ? null : await loadTemplates(benchmark, folder)
  const { label, unfinished } = await loadBenchRun(api, benchmark, run)
  if (unfinished > 0) console.error(`${unfinished} items of the run are not finished: judge again when they are.`)
  const name = toJudging(label, model, templates && hashTemplates(templates))
  for (const { id } of (await loadJudgeRuns(api, name)).filter(run => run.name === name && run.status === 'RUNNING')) {
    await watchJudgeRun(session, id)
  }
  const id = await startRun(api, { name, model, rubric: benchmark, templates, filter: { batch: [label] }, ...select })
  if (!isJson) console.log(`Judge run ${id} (${name})`)
  const { failed } = await watchJudgeRun(session, id)
  if (failed > 0) await tellFailed(session, benchmark, { id, failed })
}

type Input = { name: string; model: string; rubric: string; templates: Templates | null; filter: object } & Choice

const startDocument = `mutation Judge($input: StartJudgeRunInput!) {
  startJudgeRun(input: $input) {
    __typename ... on StartJudgeRunSuccess { judgeRun { id } } ... on Error { code message }
  }
}`

async function startRun(api: ApiClient, input: Input): Promise<string> {
  const Success = z.object({ judgeRun: z.object({ id: z.string() }) })
  const { judgeRun } = await api.mutate(startDocument, { input: { ...input, skipsAnswered: true } }, Success)
  return judgeRun.id
}

const NAMED = 20

const failedDocument = `query Failed($id: ID!) {
  judgeRun(id: $id) {
    answers(first: ${NAMED}, isFailed: true) { edges { node { call errorCode round { index job { id metadata } } } } }
  }
}`

const Item = z.object({
  benchmark: z.object({ key: z.string(), taskType: z.string(), language: z.enum(['en', 'cn']) }),
})
const FailedAnswer = z.object({
  call: z.number(),
  errorCode: z.string(),
  round: z.object({ index: z.number(), job: z.object({ id: z.string(), metadata: z.unknown() }) }),
})
const Failed = z.object({
  judgeRun: z.object({ answers: z.object({ edges: z.array(z.object({ node: FailedAnswer })) }) }),
})

async function tellFailed(
  { api, isJson }: Session,
  benchmark: BenchmarkName,
  { id, failed }: { id: string; failed: number },
): Promise<never> {
  const { judgeRun } = await api.run(failedDocument, { id }, Failed)
  const found = judgeRun.answers.edges.map(({ node }) => ({
    item: nameItem(node.round.job),
    round: node.round.index,
    call: rubrics.get(benchmark)?.calls[node.call - 1]?.name ?? String(node.call),
    errorCode: node.errorCode,
  }))
  if (isJson) for (const one of found) printJson({ __typename: 'FailedAnswer', ...one })
  const lines = found.map(({ item, round, call, errorCode }) => `  ${item}, round ${round}, ${call}: ${errorCode}`)
  const more = failed > found.length ? [`  and ${failed - found.length} more`] : []
  const head = `${failed === 1 ? 'One question has' : `${failed} questions have`} no answer that can be read:`
  throw new CliError([head, ...lines, ...more].join('\n'), { code: 'ANSWERS_FAILED' })
}

function nameItem({ id, metadata }: { id: string; metadata: unknown }): string {
  const item = Item.safeParse(metadata).data?.benchmark
  return item ? toItemId(item) : `job ${id}`
}
