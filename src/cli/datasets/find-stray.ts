import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/**
 * A file of the folder that loaders would take for a part of the export, though it is none: one in a folder that the export
 * fills, or one that is called like a file of it but for the number. Null: there is none, or no such folder.
 */
export async function findStray(folder: string, paths: readonly string[]): Promise<string | null> {
  const own = new Set(paths)
  const folders = new Set(paths.filter(path => path.includes('/')).map(toTop))
  folders.delete('images') // named one by one, so that another one there changes nothing
  const names = new Set(paths.filter(path => !path.includes('/')).map(withoutNumber))
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const strays = found
    .filter(entry => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
    .filter(path => !own.has(path) && (path.includes('/') ? folders.has(toTop(path)) : names.has(withoutNumber(path))))
  return strays.sort()[0] ?? null
}

function toTop(path: string): string {
  return path.slice(0, path.indexOf('/'))
}

function withoutNumber(name: string): string {
  return name.replace(/\d{5,}/, '#')
}
