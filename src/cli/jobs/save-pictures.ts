import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { z } from 'zod'
import type { Image, Job } from '../answers.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'

const extensions: Record<string, string> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' }
const formats: Record<string, string> = {
  '.png': 'PNG',
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.webp': 'WEBP',
  '.avif': 'AVIF',
}
const variantDocument = `query Variant($id: ID!, $format: ImageFormat!) { image(id: $id) { url(format: $format) } }`

/** Writes the source, its mask, every round's picture and the result into a folder, which is made; gives the paths in that order. */
export async function savePictures(api: ApiClient, job: Job, folder: string): Promise<string[]> {
  const named: [string, Image | null][] = [
    ['source', job.source],
    ['mask', job.mask],
    ...job.rounds.map((round): [string, Image | null] => [roundName(job, round), round.image]),
    ['result', job.result],
  ]
  const paths: string[] = []
  for (const [name, image] of named) {
    if (image) paths.push(await savePicture(api, image, join(folder, `${name}.${extensions[image.contentType]}`)))
  }
  return paths
}

/** Writes an image to a file, in the encoding that the file's name asks for; gives the path. */
export async function saveResult(api: ApiClient, image: Image, path: string): Promise<string> {
  const format = formats[extname(path).toLowerCase()]
  if (format === undefined) throw new CliError(`${path} does not end like a picture.`)
  if (format === image.contentType.replace('image/', '').toUpperCase()) return savePicture(api, image, path)
  const Data = z.object({ image: z.object({ url: z.string() }).nullable() })
  const found = await api.run(variantDocument, { id: image.id, format }, Data)
  if (!found.image) throw new CliError('The picture is no longer there.', { code: 'NOT_FOUND' })
  await writeTo(path, await api.download(found.image.url))
  return path
}

/** Whether a file's name ends like a picture that can be written. */
export function isPictureName(path: string): boolean {
  return formats[extname(path).toLowerCase()] !== undefined
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

/** To a path whose folder is made. */
async function writeTo(path: string, bytes: Uint8Array): Promise<void> {
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
