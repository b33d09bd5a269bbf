import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { FoundPicture } from '../imports/found-trajectory.ts'
import type { ApiClient } from './api-client.ts'
import { CliError } from './cli-error.ts'
import { StoredImage, uploadImage } from './jobs/start-job.ts'

const UPLOADS_AT_ONCE = 4
const HASHES_A_CALL = 1_000

/** What to say of a picture that cannot be had, by the picture; nothing is said of the others. */
export type PictureProblems = Map<FoundPicture, string>

/**
 * Sees to it that the server has every picture and that the records name each by the SHA-256 of what is stored. Sends only
 * what the server does not have. Throws CliError where going on with others makes no sense.
 */
export async function uploadPictures(api: ApiClient, pictures: readonly FoundPicture[]): Promise<PictureProblems> {
  const problems: PictureProblems = new Map()
  const wanted = new Map<string, FoundPicture[]>()
  for (const picture of pictures) {
    const sha256 = picture.node.sha256 ?? (await hashOfFirst(picture.files))
    if (sha256 === null) problems.set(picture, `There is no file ${picture.files[0] ?? 'named'}.`)
    else wanted.set(sha256, [...(wanted.get(sha256) ?? []), picture])
  }
  const stored = await findStored(api, [...wanted.keys()])
  const limit = pLimit(UPLOADS_AT_ONCE)
  const missing = [...wanted].filter(([sha256]) => !stored.has(sha256))
  try {
    await Promise.all(
      missing.map(([sha256, named]) =>
        limit(async () => {
          const sent = await send(api, sha256, named)
          if ('problem' in sent) for (const picture of named) problems.set(picture, sent.problem)
          else stored.set(sha256, sent)
        }),
      ),
    )
  } finally {
    limit.clearQueue()
  }
  for (const [sha256, named] of wanted) for (const { node } of named) rename(node, stored.get(sha256)?.sha256)
  return problems
}

// What a record says beside the hash is of those bytes; other bytes are named by their hash alone.
function rename(node: FoundPicture['node'], sha256: string | undefined): void {
  if (sha256 === undefined || node.sha256 === sha256) return
  for (const key of Object.keys(node)) delete node[key as keyof typeof node]
  node.sha256 = sha256
}

const document = `mutation Reuse($sha256: [String!]!) {
  reuseImages(sha256: $sha256) {
    __typename ... on ReuseImagesSuccess { images { id sha256 } } ... on Error { code message }
  }
}`
const Reused = z.object({ images: z.array(StoredImage.nullable()) })

/** The images by the hashes that were asked for, of the bytes to upload; what is not stored is left out. */
export async function findStored(api: ApiClient, hashes: readonly string[]): Promise<Map<string, StoredImage>> {
  const stored = new Map<string, StoredImage>()
  const asked = hashes.filter(hash => /^[0-9a-f]{64}$/.test(hash))
  for (let from = 0; from < asked.length; from += HASHES_A_CALL) {
    const sha256 = asked.slice(from, from + HASHES_A_CALL)
    const { images } = await api.mutate(document, { sha256 }, Reused)
    for (const [i, hash] of sha256.entries()) if (images[i]) stored.set(hash, images[i])
  }
  return stored
}

// Not of the server, the key or the quota: those would fail the next one too.
const pictureFaults = new Set([
  ...['IMAGE_TOO_LARGE', 'IMAGE_TOO_MANY_PIXELS', 'IMAGE_TOO_MANY_FRAMES', 'IMAGE_TOO_SLOW'],
  ...['UNSUPPORTED_IMAGE', 'CORRUPT_IMAGE', 'EMPTY_UPLOAD'],
])

/** Whether an upload failed because of the picture. */
export function isPictureFault(error: unknown): error is CliError {
  return error instanceof CliError && pictureFaults.has(error.code)
}

async function send(
  api: ApiClient,
  sha256: string,
  named: readonly FoundPicture[],
): Promise<StoredImage | { problem: string }> {
  const files = [...new Set(named.flatMap(picture => picture.files))]
  const file = await findFile(files)
  if (file === null) return { problem: `There is no file ${files[0] ?? 'named'}, and the server has no such picture.` }
  if ((await hashOf(file)) !== sha256) return { problem: `The file ${file} is not the picture of this SHA-256.` }
  try {
    return await uploadImage(api, file)
  } catch (error) {
    if (isPictureFault(error)) return { problem: `${file}: ${error.message}` }
    throw error
  }
}

async function findFile(files: readonly string[]): Promise<string | null> {
  for (const file of files) if ((await stat(file).catch(() => null))?.isFile()) return file
  return null
}

async function hashOfFirst(files: readonly string[]): Promise<string | null> {
  const file = await findFile(files)
  return file === null ? null : await hashOf(file)
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
