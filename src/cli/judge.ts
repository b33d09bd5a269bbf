import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import { z } from 'zod'
import type { ApiClient } from './api-client.ts'
import { CliError, UsageError } from './cli-error.ts'
import { collect, openSession, parseObject, printJson, type Session } from './session.ts'

const Progress = z.object({
  status: z.enum(['RUNNING', 'DONE', 'CANCELED']),
  isPlanned: z.boolean(),
  total: z.number(),
  answered: z.number(),
  failed: z.number(),
  tokens: z.number(),
  judgeRun: z.object({ id: z.string(), name: z.string() }),
})
type Progress = z.infer<typeof Progress>

const startDocument = `mutation Judge($input: StartJudgeRunInput!) {
  startJudgeRun(input: $input) {
    __typename ... on StartJudgeRunSuccess { judgeRun { id } } ... on Error { code message }
  }
}`
const progressDocument = `subscription JudgeProgress($id: ID!) {
  judgeRunProgress(id: $id) { status isPlanned total answered failed tokens judgeRun { id name } }
}`
const failedDocument = `query Failed($id: ID!) {
  judgeRun(id: $id) { answers(first: 10, isFailed: true) { edges { node { errorCode round { id } } } } }
}`
const Failed = z.object({
  judgeRun: z.object({
    answers: z.object({
      edges: z.array(z.object({ node: z.object({ errorCode: z.string(), round: z.object({ id: z.string() }) }) })),
    }),
  }),
})

type Options = {
  filter?: object
  rounds?: string
  round?: string[]
  model?: string
  rubric?: string
  name?: string
  follow?: string
}

/** `pentimento judge`: has chosen rounds scored again and shows how far that is. */
export function judgeCommand(): Command {
  return new Command('judge')
    .description('score rounds of finished jobs again with a judge model, and watch it to its end')
    .option('--model <model>', 'the judge: a thinker, by model id')
    .option('--filter <json>', 'which finished jobs, as a TrajectoryFilter of the API (default: all)', parseObject)
    .addOption(new Option('--rounds <which>', 'which rounds of each').choices(['best', 'last', 'first', 'all']))
    .option('--round <id>', 'a round by its id, instead of --filter and --rounds; may be repeated', collect)
    .option('--rubric <rubric>', 'which questions are asked (default: overall)')
    .option('--name <name>', 'what to call the run (default: the model)')
    .addOption(
      new Option('--follow <run>', 'watch a run that was started before').conflicts([
        'model',
        'filter',
        'rounds',
        'round',
      ]),
    )
    .addHelpText('after', '\nA run goes on without this command: watch it again with --follow.')
    .action(async (options: Options, command: Command) => {
      const session = openSession(command)
      const id = options.follow ?? (await startRun(session.api, options))
      if (!session.isJson) console.log(`Judge run ${id}`)
      await watchRun(session, id)
    })
}

async function startRun(api: ApiClient, { filter, rounds, round, model, rubric, name }: Options): Promise<string> {
  if (model === undefined) throw new UsageError('Name the judge with --model.')
  if (round && (filter || rounds)) throw new UsageError('--round goes without --filter and --rounds.')
  const selection = round ? { roundIds: round } : { filter, rounds: rounds?.toUpperCase() }
  const input = { name: name ?? model, model, rubric, ...selection }
  const Success = z.object({ judgeRun: z.object({ id: z.string() }) })
  const { judgeRun } = await api.mutate(startDocument, { input }, Success)
  return judgeRun.id
}

async function watchRun({ api, isJson }: Session, id: string): Promise<void> {
  const bar = new SingleBar({
    ...{ format: '{bar} {percentage}% {counts}', clearOnComplete: true, hideCursor: true, stopOnComplete: false },
    ...{ stream: process.stderr, noTTYOutput: false },
  })
  let last: Progress | undefined
  try {
    if (!isJson) bar.start(1, 0, { counts: '' })
    const Data = z.object({ judgeRunProgress: Progress })
    for await (const { judgeRunProgress } of api.subscribe(progressDocument, { variables: { id } }, Data)) {
      last = judgeRunProgress
      if (isJson) printJson({ __typename: 'JudgeRunProgress', ...last })
      bar.setTotal(Math.max(1, last.total))
      bar.update(last.answered + last.failed, { counts: toText(last) })
    }
  } finally {
    bar.stop()
  }
  if (last === undefined || last.status === 'RUNNING') {
    throw new CliError('The stream ended before the run did.', { code: 'STREAM_ENDED' })
  }
  if (!isJson) console.log(`${toText(last)}, ${last.tokens} tokens.`)
  if (last.status === 'CANCELED') throw new CliError('The run was canceled.', { code: 'CANCELED' })
  if (last.failed > 0) throw new CliError(await describeFailed(api, id, last.failed), { code: 'ANSWERS_FAILED' })
}

function toText({ total, answered, failed }: Progress): string {
  return `${answered} of ${total} answered${failed > 0 ? `, ${failed} failed` : ''}`
}

async function describeFailed(api: ApiClient, id: string, count: number): Promise<string> {
  const { judgeRun } = await api.run(failedDocument, { id }, Failed)
  const lines = judgeRun.answers.edges.map(({ node }) => `  ${node.round.id}  ${node.errorCode}`)
  const more = count > lines.length ? [`  and ${count - lines.length} more`] : []
  return [
    `${count === 1 ? 'One question has' : `${count} questions have`} no answer that can be read:`,
    ...lines,
    ...more,
  ].join('\n')
}
