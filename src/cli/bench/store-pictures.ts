import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import pLimit from 'p-limit'
import type { BenchmarkPicture } from '../../benchmarks/benchmark.ts'
import type { ApiClient } from '../api-client.ts'
import { uploadContent } from '../jobs/start-job.ts'
import { outlastServer } from '../outlast-server.ts'
import { findStored, isPictureFault } from '../upload-pictures.ts'

/** How many pictures are in memory at once. */
const PORTION = 32
const UPLOADS_AT_ONCE = 4

/** Where a picture is stored, by its image's global id, or why it cannot be had. */
export type StoredPicture = { id: string } | { problem: string }

/**
 * Sees to it that the server has every picture; sends only what it does not have, each content once. Reads them in their
 * order. Throws CliError where going on with others makes no sense.
 */
export async function storePictures(
  api: ApiClient,
  pictures: readonly BenchmarkPicture[],
): Promise<Map<BenchmarkPicture, StoredPicture>> {
  const stored = new Map<BenchmarkPicture, StoredPicture>()
  for (let from = 0; from < pictures.length; from += PORTION) {
    for (const [picture, outcome] of await storePortion(api, pictures.slice(from, from + PORTION))) {
      stored.set(picture, outcome)
    }
  }
  return stored
}

type Content = { name: string; bytes: Uint8Array }

async function storePortion(
  api: ApiClient,
  pictures: readonly BenchmarkPicture[],
): Promise<[BenchmarkPicture, StoredPicture][]> {
  const contents = new Map<string, Content>()
  const hashes: (string | { problem: string })[] = []
  for (const { name, read } of pictures) {
    try {
      const bytes = await read()
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      contents.set(sha256, { name, bytes })
      hashes.push(sha256)
    } catch (error) {
      hashes.push({ problem: `The picture ${name} cannot be read: ${error instanceof Error ? error.message : error}.` })
    }
  }
  const stored = new Map<string, StoredPicture>(await outlastServer(() => findStored(api, [...contents.keys()])))
  const limit = pLimit(UPLOADS_AT_ONCE)
  const missing = [...contents].filter(([sha256]) => !stored.has(sha256))
  try {
    await Promise.all(
      missing.map(([sha256, content]) => limit(async () => stored.set(sha256, await send(api, content)))),
    )
  } finally {
    limit.clearQueue()
  }
  return pictures.map((picture, i) => {
    const hash = hashes[i] ?? { problem: 'It was not read.' }
    return [picture, typeof hash === 'string' ? (stored.get(hash) ?? { problem: 'It was not stored.' }) : hash]
  })
}

async function send(api: ApiClient, { name, bytes }: Content): Promise<StoredPicture> {
  const content = new Blob([new Uint8Array(bytes)])
  try {
    return await outlastServer(() => uploadContent(api, { name: basename(name), content }))
  } catch (error) {
    if (isPictureFault(error)) return { problem: `The picture ${name}: ${error.message}` }
    throw error
  }
}
