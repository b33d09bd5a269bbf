import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CliError } from './cli-error.ts'

/** Writes a file whose folder is made, so that whoever looks finds it whole or not at all. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  // One name for each file: what a killed command left is written over.
  const written = join(dirname(path), `.${basename(path)}.part`)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(written, content)
    await rename(written, path)
  } catch (cause) {
    await rm(written, { force: true })
    throw new CliError(`${path} cannot be written: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  }
}
