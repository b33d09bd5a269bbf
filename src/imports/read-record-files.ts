// Lines of `pentimento-trajectories` from files. Here only so much is checked as is needed to find the pictures; the server
// checks every field.

import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { z } from 'zod'
import { picturePath } from '../exports/picture-path.ts'
import { RECORD_FORMAT, RECORD_VERSION } from '../trajectories/trajectory-record.ts'
import type { FoundPicture, FoundTrajectory, TrajectorySource } from './found-trajectory.ts'
import { readLines } from './read-lines.ts'

/** The most bytes of a line: what a server takes in one request, less what comes around it. */
export const MAX_RECORD_BYTES = 3_900_000

/**
 * The trajectories of a file of lines, or of every .jsonl file in a folder by name, with the pictures beside them. Null: the
 * folder has no such file. Throws what the file system throws.
 */
export async function openRecordFiles(path: string): Promise<TrajectorySource | null> {
  const isFolder = (await stat(path)).isDirectory()
  const names = isFolder ? (await readdir(path)).filter(name => name.endsWith('.jsonl')).sort() : [basename(path)]
  const root = isFolder ? path : dirname(path)
  const files = await Promise.all(names.map(async name => ({ name, size: (await stat(join(root, name))).size })))
  if (files.length === 0) return null
  const total = files.reduce((sum, { size }) => sum + size, 0)
  return { total, read: () => readFiles(root, files) }
}

async function* readFiles(
  root: string,
  files: readonly { name: string; size: number }[],
): AsyncGenerator<FoundTrajectory, void, undefined> {
  let before = 0
  for (const { name, size } of files) {
    for await (const { number, text, end } of readLines(join(root, name), MAX_RECORD_BYTES)) {
      if (text?.trim() === '') continue
      yield { place: `${name}:${number}`, done: before + end, ...readRecord(root, text) }
    }
    before += size
  }
}

const Head = z.looseObject({ format: z.literal(RECORD_FORMAT), version: z.int() })

type ReadRecord = { record: Record<string, unknown>; pictures: FoundPicture[] } | { problem: string }

function readRecord(root: string, text: string | null): ReadRecord {
  if (text === null)
    return { problem: `The line has more than ${MAX_RECORD_BYTES} bytes, the most that is sent at once.` }
  const value = parseJson(text)
  if (value === undefined) return { problem: 'The line is no JSON.' }
  const head = Head.safeParse(value)
  if (!head.success) return { problem: `format must be "${RECORD_FORMAT}", with a version.` }
  if (head.data.version !== RECORD_VERSION) {
    return { problem: `version must be ${RECORD_VERSION}, the only one known here, not ${head.data.version}.` }
  }
  const pictures = namePictures(head.data)
  const outside = pictures.find(({ node }) => node.path !== undefined && !isWithin(node.path))
  if (outside) return { problem: `${outside.field}.path must lead to a file in the same folder or below.` }
  return { record: head.data, pictures: pictures.map(picture => ({ ...picture, files: filesOf(root, picture.node) })) }
}

const Picture = z.looseObject({
  path: z.string().optional(),
  sha256: z.string().optional(),
  contentType: z.string().optional(),
})
type PictureNode = z.infer<typeof Picture>

/** What looks like a picture where one belongs, as it stands in the record; the rest is the server's to refuse. */
function namePictures(record: Record<string, unknown>): { field: string; node: PictureNode }[] {
  const rounds = listOf(record.rounds)
  const named: [field: string, value: unknown][] = [
    ['source', record.source],
    ['mask', record.mask],
    ...listOf(record.references).map((value, i): [string, unknown] => [`references.${i}`, value]),
    ...rounds.flatMap((round, i): [string, unknown][] => {
      const { base, picture } = z.looseObject({}).catch({}).parse(round)
      return [
        [`rounds.${i}.base`, base],
        [`rounds.${i}.picture`, picture],
      ]
    }),
  ]
  // The very object of the record, since what was stored is written into it.
  return named.flatMap(([field, value]) =>
    Picture.safeParse(value).success ? [{ field, node: value as PictureNode }] : [],
  )
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function filesOf(root: string, { path, sha256, contentType }: PictureNode): string[] {
  const byHash = sha256 === undefined ? [] : [picturePath({ sha256, contentType: contentType ?? '' })]
  return [...new Set([...(path === undefined ? [] : [path]), ...byHash])].filter(isWithin).map(file => join(root, file))
}

/** A line from elsewhere must not name files of other folders. */
function isWithin(path: string): boolean {
  return !isAbsolute(path) && !relative('.', path).startsWith('..')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
