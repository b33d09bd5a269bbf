import chalk from 'chalk'
import { Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { ListedJob, listedJobFields } from '../answers.ts'
import { paintStatus } from '../paint-status.ts'
import { collect, openSession, parseMoment, parseWholeNumber, printJson, type Session } from '../session.ts'
import { toAge } from './describe-job.ts'
import { toScore } from './describe-round.ts'

const document = `query Jobs($first: Int!, $after: String, $filter: JobFilter) {
  jobs(first: $first, after: $after, filter: $filter) {
    edges { cursor node { ...ListedJobFields } } pageInfo { hasNextPage endCursor }
  }
}
${listedJobFields}`
const Data = z.object({
  jobs: z.object({
    edges: z.array(z.object({ cursor: z.string(), node: ListedJob })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})

const statuses = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED']

type Options = {
  status?: string[]
  editor?: string[]
  thinker?: string[]
  tag?: string[]
  batch?: string
  since?: string
  until?: string
  first: number
  after?: string
  all?: true
}

/** `pentimento jobs`: the tenant's jobs, newest first, a page at a time. */
export function jobsCommand(): Command {
  return new Command('jobs')
    .description('list jobs, newest first')
    .option('--status <status>', `one or several of ${statuses.join(', ').toLowerCase()}`, collectStatus)
    .option('--editor <model>', 'only jobs of this editor; may be repeated', collect)
    .option('--thinker <model>', 'only jobs of this thinker; may be repeated', collect)
    .option('--tag <tag>', 'only jobs with this tag; may be repeated, all must match', collect)
    .option('--batch <label>', 'only jobs of this batch')
    .option('--since <moment>', 'only jobs submitted after this moment', parseMoment)
    .option('--until <moment>', 'only jobs submitted before this moment', parseMoment)
    .option('--first <n>', 'how many', parseWholeNumber(1, 100), 20)
    .option('--after <cursor>', 'go on after this place, as told under a page')
    .addOption(new Option('--all', 'all pages').conflicts('after'))
    .action(async (options: Options, command: Command) => list(openSession(command), options))
}

async function list({ api, isJson, columns }: Session, options: Options): Promise<void> {
  const filter = {
    status: options.status,
    editor: options.editor,
    thinker: options.thinker,
    tags: options.tag,
    batch: options.batch,
    createdAfter: options.since,
    createdBefore: options.until,
  }
  const first = options.all ? 100 : options.first
  let after = options.after ?? null
  for (;;) {
    const { jobs } = await api.run(document, { first, after, filter }, Data)
    for (const { cursor, node } of jobs.edges) {
      if (isJson) printJson({ __typename: 'Job', ...node, cursor })
      else console.log(describeListed(node, columns))
    }
    const { hasNextPage, endCursor } = jobs.pageInfo
    if (!isJson && after === null && jobs.edges.length === 0) console.log('There are no such jobs.')
    if (!hasNextPage) return
    if (!options.all) {
      if (!isJson) console.log(chalk.dim(`There are more: go on with --after ${endCursor}`))
      return
    }
    after = endCursor
  }
}

function describeListed(job: ListedJob, columns: number): string {
  const score = toScore(job.bestRound?.critique?.overall).padStart(5)
  const rounds = new Set(job.rounds.map(round => round.index)).size
  const facts = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${job.editor.id}, ${toAge(job.createdAt)}`
  const text = job.instruction.replace(/\s+/g, ' ')
  const width = Math.max(20, columns - 2)
  const shown = process.stdout.isTTY && text.length > width ? `${text.slice(0, width - 1)}…` : text
  return `${job.id}  ${paintStatus(job.status, 9)} ${score}  ${chalk.dim(facts)}\n  ${shown}`
}

function collectStatus(text: string, before: string[] = []): string[] {
  const all = collect(text.toUpperCase(), before)
  const wrong = all.find(status => !statuses.includes(status))
  if (wrong !== undefined) throw new InvalidArgumentError(`It must be one of ${statuses.join(', ')}.`)
  return all
}
