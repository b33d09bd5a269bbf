import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Image, Job } from './answers.ts'
import type { ApiClient } from './api-client.ts'
import { CliError } from './cli-error.ts'

const extensions: Record<string, string> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' }

/** Writes the source, every round's picture and the result into a folder, which is made; gives the paths in that order. */
export async function savePictures(api: ApiClient, job: Job, folder: string): Promise<string[]> {
  const named: [string, Image | null][] = [
    ['source', job.source],
    ...job.rounds.map((round): [string, Image | null] => [roundName(job, round), round.image]),
    ['result', job.result],
  ]
  const paths: string[] = []
  for (const [name, image] of named) {
    if (image) paths.push(await savePicture(api, image, join(folder, `${name}.${extensions[image.contentType]}`)))
  }
  return paths
}

/** Writes an image's stored bytes, checked against its hash, to a path whose folder is made; gives the path. */
async function savePicture(api: ApiClient, image: Image, path: string): Promise<string> {
  const bytes = await api.download(image.url)
  if (createHash('sha256').update(bytes).digest('hex') !== image.sha256) {
    throw new CliError('A picture arrived damaged; try again.')
  }
  await writeTo(path, bytes)
  return path
}

/** Writes to a path whose folder is made. Throws CliError where it cannot. */
export async function writeTo(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
  } catch (cause) {
    throw new CliError(`${path} cannot be written: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  }
}

function roundName(job: Job, { index, candidate }: { index: number; candidate: number }): string {
  return job.settings.candidates > 1 ? `round-${index}-candidate-${candidate}` : `round-${index}`
}
