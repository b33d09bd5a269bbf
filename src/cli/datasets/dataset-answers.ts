import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import { CliError, UsageError } from '../cli-error.ts'

const status = z.enum(['BUILDING', 'READY', 'FAILED'])

/** `...DatasetFields`: a dataset with its newest version. */
export const Dataset = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  versions: z.array(
    z.object({ id: z.string(), number: z.number(), status, sampleCount: z.number(), createdAt: z.string() }),
  ),
})
export type Dataset = z.infer<typeof Dataset>

/** The fragment that `Dataset` reads. */
export const datasetFields = `fragment DatasetFields on Dataset {
  id name description versions(first: 1) { id number status sampleCount createdAt }
}`

const versionFields = `fragment VersionFields on DatasetVersion {
  id number status dataset { name } sampleCount splitCounts { split samples } recipe filter contentHash createdAt readyAt
  funnel { name unit in kept dropped reason } error { code message }
}`

/** A version with its report. */
export const DatasetVersion = z.object({
  id: z.string(),
  number: z.number(),
  status,
  dataset: z.object({ name: z.string() }),
  sampleCount: z.number(),
  splitCounts: z.array(z.object({ split: z.string(), samples: z.number() })),
  recipe: z.looseObject({ kind: z.string() }),
  filter: z.unknown(),
  contentHash: z.string().nullable(),
  createdAt: z.string(),
  readyAt: z.string().nullable(),
  funnel: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      in: z.number(),
      kept: z.number(),
      dropped: z.number(),
      reason: z.string().nullable(),
    }),
  ),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type DatasetVersion = z.infer<typeof DatasetVersion>

const versionDocument = `query LoadVersion($id: ID!) { datasetVersion(id: $id) { ...VersionFields } } ${versionFields}`
const idDocument = 'query FindDataset($name: String!) { dataset(name: $name) { id } }'
const findDocument = `query FindVersion($name: String!, $before: Int) {
  dataset(name: $name) { versions(first: 1, before: $before) { id number } }
}`
const Found = z.object({
  dataset: z.object({ versions: z.array(z.object({ id: z.string(), number: z.number() })) }).nullable(),
})

/** The global id of the dataset of that name; null where there is none. */
export async function findDatasetId(api: ApiClient, name: string): Promise<string | null> {
  const Data = z.object({ dataset: z.object({ id: z.string() }).nullable() })
  return (await api.run(idDocument, { name }, Data)).dataset?.id ?? null
}

/** What is thrown where there is no dataset of that name. */
export function noDataset(name: string): CliError {
  const message = `There is no dataset ${name}. "pentimento dataset list" lists those there are.`
  return new CliError(message, { code: 'NOT_FOUND' })
}

/** A version by its global id. Throws CliError where there is none such (any more). */
export async function loadVersion(api: ApiClient, id: string): Promise<DatasetVersion> {
  const { datasetVersion } = await api.run(
    versionDocument,
    { id },
    z.object({ datasetVersion: DatasetVersion.nullable() }),
  )
  if (!datasetVersion) throw new CliError('The version is gone: its dataset was deleted.', { code: 'NOT_FOUND' })
  return datasetVersion
}

/** The version that `NAME` (the newest) or `NAME@N` means. Throws CliError where there is none such. */
export async function findVersion(api: ApiClient, text: string): Promise<{ id: string; number: number }> {
  const [, name = '', wanted] = /^([^@]+)(?:@(\d{1,6}))?$/.exec(text) ?? []
  if (name === '') throw new UsageError(`${text} names no version: it must be NAME or NAME@N.`)
  const number = wanted === undefined ? null : Number(wanted)
  const before = number === null ? null : number + 1
  const { dataset } = await api.run(findDocument, { name, before }, Found)
  if (!dataset) throw noDataset(name)
  const [version] = dataset.versions
  if (version && (number === null || version.number === number)) return version
  throw new CliError(`${name} has no version${number === null ? '' : ` ${number}`}.`, { code: 'NOT_FOUND' })
}
