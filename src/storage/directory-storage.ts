// Objects as plain files under `root/objects`, for one machine. A body is written to `root/tmp`, synced, then linked
// (ifAbsent: link fails where the name exists) or renamed into place and the folder synced: after a power cut an object is
// whole or absent. Keys carry their own sharding (`<tenant>/<2 hex>/<sha256>.png`) and are validated, never joined raw.

import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  access,
  constants,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { assertObjectKey, contentTypeOfKey } from './object-key.ts'
import { signLink, toUnixSeconds } from './signed-link.ts'
import { type ListedObject, ObjectNotFoundError, type ObjectStorage, StorageError } from './storage.ts'

export type DirectoryStorageConfig = {
  /** Absolute path of a folder that is ours alone; made when absent. Must be one file system. */
  root: string
  /** Signs the links that object-route.ts answers. */
  secret: string
  /** Origin (and path prefix) under which clients reach this server. */
  publicUrl: string
}

/** The path, on our server, under which signed links of the directory driver live. */
export const OBJECT_PATH = '/objects/'

const ABANDONED_MS = 24 * 3_600_000

/** A store in a folder. Any number of processes of one machine may share it. */
export function directoryStorage(config: DirectoryStorageConfig): ObjectStorage {
  const objects = join(config.root, 'objects')
  const temporary = join(config.root, 'tmp')
  const origin = config.publicUrl.replace(/\/+$/, '')

  const pathOf = (key: string): string => {
    assertObjectKey(key)
    return join(objects, ...key.split('/'))
  }

  let tidied: Promise<void> | undefined
  return {
    async put(key, body, options, signal) {
      const path = pathOf(key)
      body.once('error', () => {}) // one that comes before it is read is thrown by the reading
      try {
        return await failingAs('The object could not be stored', signal, async () => {
          tidied ??= removeAbandoned(temporary)
          await tidied
          const written = join(temporary, randomUUID())
          const file = await openNew(written)
          try {
            await writeWhole(file, body, options.byteSize, signal)
            return { isNew: await place(written, path, options.ifAbsent ?? false) }
          } finally {
            await unlink(written).catch(nullIfAbsent)
          }
        })
      } finally {
        body.destroy()
      }
    },
    async get(key, range, signal) {
      const path = pathOf(key)
      return failingAs('The object could not be read', signal, async () => {
        signal?.throwIfAborted()
        const handle = await open(path, 'r').catch(error => {
          throw isAbsence(error) ? new ObjectNotFoundError(key, { cause: error }) : error
        })
        return createReadStream('', { fd: handle, ...range, ...(signal && { signal }) })
      })
    },
    async stat(key, signal) {
      const path = pathOf(key)
      return failingAs('The object could not be examined', signal, async () => {
        const found = await stat(path).catch(nullIfAbsent)
        if (!found?.isFile()) return null
        return { byteSize: found.size, contentType: contentTypeOfKey(key), modifiedAt: found.mtime }
      })
    },
    list: (prefix, after = '') => walk(objects, '', prefix, after),
    async remove(keys) {
      const paths = keys.map(pathOf)
      await failingAs('The objects could not be removed', undefined, async () => {
        for (const path of paths) {
          await rm(path, { force: true }).catch(nullIfAbsent)
          await removeEmptyParents(dirname(path), objects)
        }
      })
    },
    async signGet(key, expiresAt) {
      assertObjectKey(key)
      return origin + signLink(config.secret, 'object-get', `${OBJECT_PATH}${key}?e=${toUnixSeconds(expiresAt)}`)
    },
    async signPut(key, { contentType, byteSize, expiresAt }) {
      assertObjectKey(key)
      const query = `t=${encodeURIComponent(contentType)}&n=${byteSize}&e=${toUnixSeconds(expiresAt)}`
      const url = origin + signLink(config.secret, 'object-put', `${OBJECT_PATH}${key}?${query}`)
      return { url, headers: { 'content-type': contentType } }
    },
    async check() {
      await failingAs('The storage folder cannot be written to', undefined, async () => {
        await mkdir(temporary, { recursive: true })
        await access(temporary, constants.W_OK)
      })
    },
  }
}

/** Files that a process killed in mid-put left behind; a day is longer than any put. */
async function removeAbandoned(temporary: string): Promise<void> {
  for (const name of (await readdir(temporary).catch(nullIfAbsent)) ?? []) {
    const path = join(temporary, name)
    const found = await stat(path).catch(nullIfAbsent)
    if (found && found.mtimeMs < Date.now() - ABANDONED_MS) await rm(path, { force: true })
  }
}

/** Creates the file, and its folder where that is not there (any more). */
async function openNew(path: string): Promise<FileHandle> {
  const found = await open(path, 'wx').catch(nullIfAbsent)
  if (found) return found
  await mkdir(dirname(path), { recursive: true })
  return await open(path, 'wx')
}

/** Writes, syncs and closes; a body that is longer, shorter or broken off rejects. */
async function writeWhole(file: FileHandle, body: Readable, byteSize: number, signal?: AbortSignal): Promise<void> {
  try {
    let seen = 0
    if (signal) addAbortSignal(signal, body)
    for await (const chunk of body as AsyncIterable<Buffer>) {
      seen += chunk.length
      if (seen > byteSize) break
      await file.writeFile(chunk)
    }
    if (seen !== byteSize)
      throw new StorageError(`The body has ${seen > byteSize ? 'more' : 'fewer'} than ${byteSize} bytes.`)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Moves a finished file to its name. False: the name was taken and `ifAbsent` asked to keep what is there. */
async function place(written: string, path: string, ifAbsent: boolean): Promise<boolean> {
  const folder = dirname(path)
  let topmost = folder
  // A rival's `remove` may take an empty folder away between our mkdir and our link.
  for (let attempt = 1; ; attempt++) {
    try {
      if (ifAbsent) await link(written, path)
      else await rename(written, path)
      break
    } catch (error) {
      if (ifAbsent && codeOf(error) === 'EEXIST') return false
      if (codeOf(error) !== 'ENOENT' || attempt === 5) throw error
      const firstMade = await mkdir(folder, { recursive: true })
      if (firstMade && dirname(firstMade).length < topmost.length) topmost = dirname(firstMade)
    }
  }
  // New folders are entries of their parents, which must be on the disk too.
  for (let each = folder; each.length >= topmost.length; each = dirname(each)) await syncFolder(each)
  return true
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(nullIfAbsent)
  try {
    await folder?.sync()
  } finally {
    await folder?.close()
  }
}

async function* walk(objects: string, folder: string, prefix: string, after: string): AsyncGenerator<ListedObject> {
  const entries = await readdir(join(objects, folder), { withFileTypes: true }).catch(error => {
    if (isAbsence(error)) return []
    throw new StorageError('The storage folder could not be read', { cause: error })
  })
  // `a.png` sorts before `a/b` as a key, so folders are compared with their slash.
  const names = entries.map(entry => folder + entry.name + (entry.isDirectory() ? '/' : ''))
  for (const name of names.sort(byBytes)) {
    const isFolder = name.endsWith('/')
    const isWanted = name.startsWith(prefix) || (isFolder && prefix.startsWith(name))
    if (!isWanted) continue
    if (isFolder) {
      if (name > after || after.startsWith(name)) yield* walk(objects, name, prefix, after)
      continue
    }
    if (name <= after) continue
    const found = await stat(join(objects, name)).catch(nullIfAbsent)
    if (found) yield { key: name, byteSize: found.size, modifiedAt: found.mtime }
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

async function removeEmptyParents(folder: string, objects: string): Promise<void> {
  for (let path = folder; path.length > objects.length; path = dirname(path)) {
    const isRemoved = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!isRemoved) return
  }
}

async function failingAs<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof StorageError) throw error
    throw new StorageError(`${what} (${codeOf(error) ?? 'unknown'}).`, { cause: error })
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const isAbsence = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')

function nullIfAbsent(error: unknown): null {
  if (isAbsence(error)) return null
  throw error
}
