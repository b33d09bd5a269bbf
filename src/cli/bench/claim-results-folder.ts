import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../cli-error.ts'
import { writeAtomically } from '../write-atomically.ts'
import type { ResultRun } from './result-jobs.ts'

const MANIFEST = 'pentimento.json'

/** What a folder of results is of. */
type Manifest = { format: string; benchmark: string; run: string; fingerprint: string; select: string }

/**
 * Writes into a folder, which is made, which results it holds. Throws CliError where it holds others or anything else: two
 * configurations in one folder would be scored as one.
 */
export async function claimResultsFolder(folder: string, run: ResultRun, select: 'best' | 'last'): Promise<void> {
  const { benchmark, label, fingerprint, variant, editor, thinker } = run
  const wanted: Manifest = { format: 'pentimento-results', benchmark, run: label, fingerprint, select }
  const names = await readdir(folder).catch((error): string[] => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CliError(`${folder} cannot be read: ${error instanceof Error ? error.message : error}.`)
  })
  if (names.includes(MANIFEST)) {
    const found = parseManifest(await readFile(join(folder, MANIFEST), 'utf8'))
    const differing = (Object.keys(wanted) as (keyof Manifest)[]).find(key => found[key] !== wanted[key])
    if (differing === undefined) return
    throw new CliError(
      `${folder} holds other results: its ${differing} is ${found[differing]}, not ${wanted[differing]}. Name another folder.`,
      { code: 'OTHER_RESULTS' },
    )
  }
  // The first file may have been on its way when a command was killed.
  if (names.some(name => name !== `.${MANIFEST}.part`)) {
    throw new CliError(`${folder} is not empty and holds no results of this command. Name another folder.`, {
      code: 'OTHER_RESULTS',
    })
  }
  const manifest = { ...wanted, variant, editor: editor.id, thinker: thinker?.id ?? null }
  await writeAtomically(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
}

function parseManifest(text: string): Partial<Manifest> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
