import { Command, Option } from 'commander'
import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import { CliError, UsageError } from '../cli-error.ts'
import { filterOption } from '../filter-option.ts'
import { collect, openSession, type Session } from '../session.ts'
import { cancelJudgeRun } from './cancel-judge-run.ts'
import { listJudgeRuns } from './list-judge-runs.ts'
import { watchJudgeRun } from './watch-judge-run.ts'

const startDocument = `mutation Judge($input: StartJudgeRunInput!) {
  startJudgeRun(input: $input) {
    __typename ... on StartJudgeRunSuccess { judgeRun { id } } ... on Error { code message }
  }
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
  list?: true
  cancel?: string
}

const ofStarting = ['model', 'filter', 'rounds', 'round']

/** `pentimento judge`: has chosen rounds scored again and shows how far that is. */
export function judgeCommand(): Command {
  return new Command('judge')
    .description('score rounds of finished jobs again with a judge model, and watch it to its end')
    .option('--model <model>', 'the judge: a thinker, by model id')
    .addOption(filterOption())
    .addOption(
      new Option('--rounds <which>', 'which rounds of each (default: best)').choices(['best', 'last', 'first', 'all']),
    )
    .option('--round <id>', 'a round by its id, instead of --filter and --rounds; may be repeated', collect)
    .option('--rubric <rubric>', 'which questions are asked (default: overall)')
    .option('--name <name>', 'what to call the run (default: the model)')
    .addOption(new Option('--follow <run>', 'watch a run that was started before').conflicts(ofStarting))
    .addOption(
      new Option('--list', 'list the runs there are, newest first, and start none').conflicts([
        ...ofStarting,
        'follow',
      ]),
    )
    .addOption(
      new Option('--cancel <run>', 'stop a run; the answers that have come stay').conflicts([
        ...ofStarting,
        ...['follow', 'list'],
      ]),
    )
    .addHelpText('after', '\nA run goes on without this command: watch it again with --follow, stop it with --cancel.')
    .action(async (options: Options, command: Command) => {
      const session = openSession(command)
      if (options.list) return await listJudgeRuns(session)
      if (options.cancel !== undefined) return await cancelJudgeRun(session, options.cancel)
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

async function watchRun(session: Session, id: string): Promise<void> {
  const { failed } = await watchJudgeRun(session, id)
  if (failed > 0) throw new CliError(await describeFailed(session.api, id, failed), { code: 'ANSWERS_FAILED' })
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
