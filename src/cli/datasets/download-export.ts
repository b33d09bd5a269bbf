import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pLimit from 'p-limit'
import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import { findStray } from './find-stray.ts'

const FILES_A_PAGE = 500
const AT_ONCE = 4

const document = `query ExportFiles($id: ID!, $after: String) {
  export(id: $id) {
    files(first: ${FILES_A_PAGE}, after: $after) {
      edges { node { path byteSize sha256 url } } pageInfo { hasNextPage endCursor }
    }
  }
}`
const File = z.object({ path: z.string(), byteSize: z.number(), sha256: z.string(), url: z.string() })
type File = z.infer<typeof File>
const Page = z.object({
  export: z
    .object({
      files: z.object({
        edges: z.array(z.object({ node: File })),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      }),
    })
    .nullable(),
})

/** How many files there are, and how many of them had to be loaded. */
export type Downloaded = { files: number; loaded: number }

/**
 * Puts the files of a finished export into a folder, which is made; those that are there with the right content are left
 * alone. `tell` hears how many are done. Throws CliError where something arrived damaged, the export is gone, or the folder
 * holds part of another one.
 */
export async function downloadExport(
  api: ApiClient,
  { id, contentHash, folder }: { id: string; contentHash: string | null; folder: string },
  tell: (done: number, all: number) => void,
): Promise<Downloaded> {
  const files = await listFiles(api, id)
  const stray = await findStray(
    folder,
    files.map(({ path }) => path),
  )
  if (stray !== null) {
    throw new CliError(
      `${stray} in ${folder} is not of this export, but would be loaded with it: choose another folder.`,
    )
  }
  const limit = pLimit(AT_ONCE)
  let [done, loaded] = [0, 0]
  tell(done, files.length)
  await Promise.all(
    files.map(file =>
      limit(async () => {
        if (await bring(file, folder)) loaded++
        tell(++done, files.length)
      }),
    ),
  ).catch(error => {
    limit.clearQueue()
    throw error
  })
  const hash = createHash('sha256')
  for (const { path, sha256 } of files) hash.update(`${sha256}  ${path}\n`)
  if (contentHash !== hash.digest('hex')) throw new CliError('The list of files is not that of the export; try again.')
  return { files: files.length, loaded }
}

async function listFiles(api: ApiClient, id: string): Promise<File[]> {
  const files: File[] = []
  for (let after: string | null = null; ; ) {
    const page: z.infer<typeof Page> = await api.run(document, { id, after }, Page)
    if (!page.export) throw new CliError('The export is gone: its dataset was deleted.', { code: 'NOT_FOUND' })
    const { edges, pageInfo } = page.export.files
    files.push(...edges.map(({ node }) => node))
    if (!pageInfo.hasNextPage) return files
    after = pageInfo.endCursor
  }
}

/** False: it was there. */
async function bring({ path, sha256, url }: File, folder: string): Promise<boolean> {
  const root = resolve(folder)
  const target = resolve(root, path)
  if (!target.startsWith(root + sep)) throw new CliError(`The server names a file outside of ${folder}: ${path}.`)
  if ((await hashFile(target)) === sha256) return false
  const response = await fetch(url).catch(cause => {
    throw new CliError(`No server answers at ${new URL(url).origin}. Run the command again to go on.`, {
      code: 'UNREACHABLE',
      cause,
    })
  })
  if (!response.ok || !response.body) throw new CliError(`${path} could not be loaded (HTTP ${response.status}).`)
  // Not beside it: loaders take folders as a whole, and a download that is killed leaves it.
  const written = join(root, `.${randomUUID()}.part`)
  try {
    await mkdir(dirname(target), { recursive: true })
    const hash = createHash('sha256')
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) // the same stream, typed twice
    await pipeline(
      body.on('data', chunk => hash.update(chunk)),
      createWriteStream(written),
    )
    if (hash.digest('hex') !== sha256) throw new CliError(`${path} arrived damaged. Run the command again to go on.`)
    await rename(written, target)
    return true
  } catch (cause) {
    await rm(written, { force: true })
    if (cause instanceof CliError) throw cause
    const why = cause instanceof Error ? cause.message : cause
    throw new CliError(`${path} could not be written: ${why}. Run the command again to go on.`, { cause })
  }
}

async function hashFile(path: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  } catch {
    return null // not there, or nothing that can be read: it is written anew
  }
  return hash.digest('hex')
}
