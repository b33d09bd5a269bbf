import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import { Job, jobFields } from '../answers.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'

const uploadDocument = `mutation Upload($file: File!) {
  uploadImage(file: $file) {
    __typename ... on UploadImageSuccess { image { id sha256 } } ... on Error { code message }
  }
}`

/** An image as it is stored: its global id and the SHA-256 of its bytes. */
export const StoredImage = z.object({ id: z.string(), sha256: z.string() })
export type StoredImage = z.infer<typeof StoredImage>

/** Uploads a file as it is read from the disk; the stored image's global id and the SHA-256 of its bytes, which may differ. */
export async function uploadImage(api: ApiClient, path: string): Promise<StoredImage> {
  const content = await openAsBlob(path).catch(cause => {
    throw new CliError(`The file ${path} cannot be read.`, { cause })
  })
  return await uploadContent(api, { name: basename(path), content })
}

/** The same of bytes that are no file. */
export async function uploadContent(api: ApiClient, file: { name: string; content: Blob }): Promise<StoredImage> {
  const Success = z.object({ image: StoredImage })
  return (await api.mutateWithFile(uploadDocument, file, Success)).image
}

/** The bytes of a file that can be uploaded. Throws CliError where there is none. */
export async function loadFileSize(path: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  if (!found) throw new CliError(`There is no file ${path}.`)
  if (!found.isFile()) throw new CliError(`${path} is no file.`)
  return found.size
}

/** What every way of starting a job takes, as far as the commands use it. */
export type JobInput = {
  instruction: string
  editor?: string | undefined
  thinker?: string | undefined
  settings?: {
    maxRounds?: number | undefined
    candidates?: number | undefined
    critique?: boolean
    seed?: number | undefined
    stop?: { semanticAtLeast: number; qualityAtLeast: number } | undefined
  }
  referenceIds?: string[]
  batch?: string | undefined
  tags?: string[] | undefined
  metadata?: Record<string, unknown> | undefined
  idempotencyKey?: string
}

/** Starts an edit; the job as it was then. */
export function startEdit(api: ApiClient, input: JobInput & { sourceId: string }): Promise<Job> {
  return start(api, 'Edit', input)
}

/** Starts a generation of this size in pixels (default: the model's own); the job as it was then. */
export function startGeneration(
  api: ApiClient,
  input: JobInput & { size?: { width: number; height: number } | undefined },
): Promise<Job> {
  return start(api, 'Generation', input)
}

/** Starts a fill; the job as it was then. */
export function startFill(api: ApiClient, input: JobInput & { sourceId: string; maskId: string }): Promise<Job> {
  return start(api, 'Fill', input)
}

async function start(api: ApiClient, noun: 'Edit' | 'Generation' | 'Fill', input: JobInput): Promise<Job> {
  const document = `mutation Start${noun}($input: Start${noun}Input!) {
    start${noun}(input: $input) {
      __typename ... on Start${noun}Success { job { ...JobFields } } ... on Error { code message }
    }
  }
  ${jobFields}`
  const { job } = await api.mutate(document, { input }, z.object({ job: Job }))
  return job
}
