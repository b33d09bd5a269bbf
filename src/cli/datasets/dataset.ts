import chalk from 'chalk'
import { Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { filterOption } from '../filter-option.ts'
import { formatTable } from '../format-table.ts'
import { toAge } from '../jobs/describe-job.ts'
import { openSession, parseObject, printJson, type Session } from '../session.ts'
import {
  Dataset,
  type DatasetVersion,
  datasetFields,
  findDatasetId,
  findVersion,
  loadVersion,
  noDataset,
} from './dataset-answers.ts'
import { createVersion, type VersionOptions } from './dataset-create.ts'
import { describeVersion } from './describe-version.ts'

const PAGE = 1000

const listDocument = `query Datasets($after: String) {
  datasets(first: ${PAGE}, after: $after) { ...DatasetFields }
}
${datasetFields}`

const diffDocument = `query DatasetDiff($from: ID!, $to: ID!) {
  datasetDiff(from: $from, to: $to) { added removed kept removedByDeletion }
}`
const Diff = z.object({ added: z.number(), removed: z.number(), kept: z.number(), removedByDeletion: z.number() })

const deleteDocument = `mutation DeleteDataset($datasetId: ID!) {
  deleteDataset(datasetId: $datasetId) {
    __typename ... on DeleteDatasetSuccess { deletedId } ... on Error { code message }
  }
}`

const recipes = ['think-edit', 'preference', 'plain']

/** `pentimento dataset create|list|show|diff|delete`. */
export function datasetCommand(): Command {
  const dataset = new Command('dataset').description('make datasets of finished jobs, and look at them')

  dataset
    .command('create')
    .description('add a version to a dataset, which is created if there is none of that name')
    .argument('<name>', 'what it is called')
    .addOption(filterOption())
    .addOption(new Option('--recipe <recipe>', 'how samples are made of them').choices(recipes).default('think-edit'))
    .option('--options <json>', 'options of the recipe: {"includeFinal": true}', parseObject)
    .option('--split <shares>', 'shares by split, such as train=0.9,test=0.1', parseSplits)
    .option('--seed <text>', 'another text divides the splits otherwise')
    .option('--description <text>', 'what a new dataset is for')
    .action(async (name: string, options: VersionOptions, command: Command) => {
      const session = openSession(command)
      print(session, await createVersion(session, name, options))
    })

  dataset
    .command('list')
    .description('list datasets by name, with their newest version')
    .action(async (_options: unknown, command: Command) => list(openSession(command)))

  dataset
    .command('show')
    .description('tell what a version holds and what its recipe dropped')
    .argument('<version>', 'NAME for the newest version, or NAME@N')
    .action(async (version: string, _options: unknown, command: Command) => {
      const session = openSession(command)
      const { id } = await findVersion(session.api, version)
      print(session, await loadVersion(session.api, id))
    })

  dataset
    .command('diff')
    .description('tell how one version differs from another')
    .argument('<from>', 'the older one: NAME@N')
    .argument('<to>', 'the newer one: NAME@N')
    .action(async (from: string, to: string, _options: unknown, command: Command) => {
      const { api, isJson } = openSession(command)
      const [older, newer] = [await findVersion(api, from), await findVersion(api, to)]
      const variables = { from: older.id, to: newer.id }
      const { datasetDiff } = await api.run(diffDocument, variables, z.object({ datasetDiff: Diff }))
      if (isJson) return printJson({ __typename: 'DatasetDiff', ...datasetDiff })
      const { added, removed, kept, removedByDeletion } = datasetDiff
      const deleted = removedByDeletion > 0 ? chalk.dim(` (${removedByDeletion} deleted with their jobs)`) : ''
      console.log(`${chalk.green(`+ ${added}`)} added\n${chalk.red(`- ${removed}`)} removed${deleted}\n= ${kept} kept`)
    })

  dataset
    .command('delete')
    .description('remove a dataset with all its versions and their exports; the jobs stay')
    .argument('<name>', 'what it is called')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { api, isJson } = openSession(command)
      const datasetId = await findDatasetId(api, name)
      if (datasetId === null) throw noDataset(name)
      const { deletedId } = await api.mutate(deleteDocument, { datasetId }, z.object({ deletedId: z.string() }))
      if (isJson) printJson({ __typename: 'DeleteDatasetSuccess', deletedId })
      else console.log(`The dataset ${name} is gone, with its versions and their exports.`)
    })

  return dataset
}

function print({ isJson }: Session, version: DatasetVersion): void {
  if (isJson) printJson({ __typename: 'DatasetVersion', ...version })
  else console.log(describeVersion(version))
}

async function list({ api, isJson }: Session): Promise<void> {
  const datasets: Dataset[] = []
  for (;;) {
    const after = datasets.at(-1)?.name ?? null
    const page = await api.run(listDocument, { after }, z.object({ datasets: z.array(Dataset) }))
    datasets.push(...page.datasets)
    if (page.datasets.length < PAGE) break
  }
  if (isJson) {
    for (const dataset of datasets) printJson({ __typename: 'Dataset', ...dataset })
  } else if (datasets.length === 0) console.log('There are no datasets.')
  else {
    const rows = datasets.map(({ name, description, versions: [newest] }) => [
      newest ? `${name}@${newest.number}` : name,
      newest?.status ?? '-',
      newest ? String(newest.sampleCount) : '-',
      newest ? toAge(newest.createdAt) : '-',
      description ?? '',
    ])
    console.log(formatTable({ head: ['DATASET', 'STATUS', 'SAMPLES', 'MADE', 'DESCRIPTION'], rows, flexible: 4 }))
  }
}

/** For `--split`: names and shares. What they may be is the server's to say. */
export function parseSplits(text: string): Record<string, number> {
  const parts = text.split(',').map(part => part.split('='))
  const entries = parts.map(([name = '', share = '', ...rest]) => [name, rest.length > 0 ? Number.NaN : toShare(share)])
  if (
    entries.some(([name, share]) => name === '' || Number.isNaN(share)) ||
    new Set(parts.map(([name]) => name)).size < parts.length
  ) {
    throw new InvalidArgumentError('It must be names and shares such as train=0.9,test=0.1.')
  }
  return Object.fromEntries(entries)
}

function toShare(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}
