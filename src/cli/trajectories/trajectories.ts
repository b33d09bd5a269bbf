import chalk from 'chalk'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { filterOption } from '../filter-option.ts'
import { formatTable } from '../format-table.ts'
import { toScore } from '../jobs/describe-round.ts'
import { openSession, parseWholeNumber, printJson, type Session } from '../session.ts'

const document = `query Trajectories(
  $first: Int!, $after: String, $filter: TrajectoryFilter, $asOf: String, $orderBy: TrajectoryOrder
) {
  trajectories(first: $first, after: $after, filter: $filter, asOf: $asOf, orderBy: $orderBy) {
    edges { cursor node {
      status stopReason rounds firstOverall bestOverall lastOverall gain variance bestIndex seconds editorSeconds
      thinkerTokens hasHumanCritique agreement finishedAt job { id instruction editor { id } thinker { id } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`
const Trajectory = z.object({
  status: z.string(),
  stopReason: z.string(),
  rounds: z.number(),
  firstOverall: z.number().nullable(),
  bestOverall: z.number().nullable(),
  lastOverall: z.number().nullable(),
  gain: z.number().nullable(),
  variance: z.number().nullable(),
  bestIndex: z.number().nullable(),
  seconds: z.number(),
  editorSeconds: z.number(),
  thinkerTokens: z.number(),
  hasHumanCritique: z.boolean(),
  agreement: z.number().nullable(),
  finishedAt: z.string(),
  job: z.object({
    id: z.string(),
    instruction: z.string(),
    editor: z.object({ id: z.string() }),
    thinker: z.object({ id: z.string() }).nullable(),
  }),
})
const Data = z.object({
  trajectories: z.object({
    edges: z.array(z.object({ cursor: z.string(), node: Trajectory })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})

const orders = [
  ...['finished-at', 'created-at', 'first-overall', 'best-overall', 'last-overall'],
  ...['gain', 'variance', 'rounds', 'seconds', 'thinker-tokens'],
]

type Options = {
  filter?: Record<string, unknown>
  asOf?: string
  order: string
  ascending?: true
  first: number
  after?: string
  all?: true
}

/** `pentimento trajectories`: the tenant's finished jobs as data, a page at a time. */
export function trajectoriesCommand(): Command {
  return new Command('trajectories')
    .description('list finished jobs with what their rounds scored')
    .addOption(filterOption())
    .option('--as-of <cursor>', "only what had ended by this place of the tenant's log")
    .addOption(new Option('--order <number>', 'the highest of it first').choices(orders).default('finished-at'))
    .option('--ascending', 'the lowest first instead')
    .option('--first <n>', 'how many', parseWholeNumber(1, 100), 20)
    .option('--after <cursor>', 'go on after this place, as told under a page')
    .addOption(new Option('--all', 'all pages').conflicts('after'))
    .action(async (options: Options, command: Command) => list(openSession(command), options))
}

async function list({ api, isJson, columns }: Session, options: Options): Promise<void> {
  const field = options.order.toUpperCase().replaceAll('-', '_')
  const orderBy = { field, direction: options.ascending ? 'ASC' : 'DESC' }
  const { filter, asOf } = options
  const first = options.all ? 100 : options.first
  let after = options.after ?? null
  for (;;) {
    const { trajectories } = await api.run(document, { first, after, filter, asOf, orderBy }, Data)
    const { edges, pageInfo } = trajectories
    if (isJson) for (const { cursor, node } of edges) printJson({ __typename: 'Trajectory', ...node, cursor })
    else if (edges.length > 0)
      console.log(
        describe(
          edges.map(edge => edge.node),
          columns,
        ),
      )
    else if (after === null) console.log('There are no such trajectories.')
    if (!pageInfo.hasNextPage) return
    if (!options.all) {
      if (!isJson) console.log(chalk.dim(`There are more: go on with --after ${pageInfo.endCursor}`))
      return
    }
    after = pageInfo.endCursor
  }
}

function describe(trajectories: readonly z.infer<typeof Trajectory>[], columns: number): string {
  const head = ['JOB', 'STOPPED', 'ROUNDS', 'FIRST', 'BEST', 'LAST', 'GAIN', 'EDITOR', 'INSTRUCTION']
  const rows = trajectories.map(({ job, stopReason, rounds, firstOverall, bestOverall, lastOverall, gain }) => [
    ...[job.id, stopReason, String(rounds), toScore(firstOverall), toScore(bestOverall), toScore(lastOverall)],
    ...[toScore(gain), job.editor.id, job.instruction.replace(/\s+/g, ' ')],
  ])
  return formatTable({ head, rows, flexible: head.length - 1 }, process.stdout.isTTY ? columns : null)
}
