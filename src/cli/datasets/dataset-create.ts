import { setTimeout as sleep } from 'node:timers/promises'
import ora from 'ora'
import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import type { Session } from '../session.ts'
import { type DatasetVersion, findDatasetId, loadVersion } from './dataset-answers.ts'

/** What is told of a new version. */
export type VersionOptions = {
  filter?: Record<string, unknown>
  recipe: string
  options?: Record<string, unknown>
  split?: Record<string, number>
  seed?: string
  description?: string
}

const datasetDocument = `mutation CreateDataset($input: CreateDatasetInput!) {
  createDataset(input: $input) {
    __typename ... on CreateDatasetSuccess { dataset { id } } ... on Error { code message }
  }
}`
const versionDocument = `mutation CreateVersion($input: CreateDatasetVersionInput!) {
  createDatasetVersion(input: $input) {
    __typename ... on CreateDatasetVersionSuccess { version { id } } ... on Error { code message }
  }
}`
const Id = z.object({ id: z.string() })

const POLL_MS = 300

/** A version of the dataset of that name, once it is READY. Throws CliError where the server refuses or cannot build it. */
export async function createVersion(
  { api, isJson }: Session,
  name: string,
  options: VersionOptions,
): Promise<DatasetVersion> {
  const datasetId = await findOrCreate(api, name, options.description)
  const { filter, recipe, split: splits, seed: splitSeed } = options
  const input = { datasetId, filter, recipe: toRecipe(recipe, options.options), splits, splitSeed }
  const { version } = await api.mutate(versionDocument, { input }, z.object({ version: Id }))
  const spinner = ora({ discardStdin: false, isSilent: isJson || !process.stderr.isTTY }).start('Choosing samples')
  try {
    for (;;) {
      const built = await loadVersion(api, version.id)
      if (built.status === 'READY') return built
      if (built.error) throw new CliError(built.error.message, { code: built.error.code })
      if (built.sampleCount > 0) spinner.text = `${built.sampleCount} samples are written`
      await sleep(POLL_MS)
    }
  } finally {
    spinner.stop()
  }
}

function toRecipe(recipe: string, options: Record<string, unknown> | undefined): Record<string, unknown> {
  if (recipe === 'plain') {
    if (options !== undefined) throw new CliError('The recipe plain has no options.', { code: 'USAGE' })
    return { kind: 'PLAIN' }
  }
  return recipe === 'preference'
    ? { kind: 'PREFERENCE', preference: options }
    : { kind: 'THINK_EDIT', thinkEdit: options }
}

async function findOrCreate(api: ApiClient, name: string, description: string | undefined): Promise<string> {
  const found = await findDatasetId(api, name)
  if (found !== null) return found
  const created = await api.mutate(datasetDocument, { input: { name, description } }, z.object({ dataset: Id }))
  return created.dataset.id
}
