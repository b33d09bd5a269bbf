import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const Package = z.object({ name: z.literal('pentimento'), version: z.string() })

/** This build's version, from the package.json above it. */
export const version: string = readVersion(import.meta.dirname)

function readVersion(folder: string): string {
  try {
    return Package.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).version
  } catch (cause) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('There is no package.json of pentimento above its code.', { cause })
    return readVersion(parent)
  }
}
