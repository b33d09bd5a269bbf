import chalk from 'chalk'
import { z } from 'zod'
import { toAge } from '../jobs/describe-job.ts'
import { paintStatus } from '../paint-status.ts'
import { printAll } from '../print-all.ts'
import type { Session } from '../session.ts'

/** What a list shows of an export, as a fragment and as it comes. */
export const listedExportFields = `fragment ListedExport on Export {
  id status format contentHash samples bytes createdAt version { number dataset { name } } error { code message }
}`
export const ListedExport = z.object({
  id: z.string(),
  status: z.enum(['QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELED']),
  format: z.string(),
  contentHash: z.string().nullable(),
  samples: z.number(),
  bytes: z.number(),
  createdAt: z.string(),
  version: z.object({ number: z.number(), dataset: z.object({ name: z.string() }) }),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
type ListedExport = z.infer<typeof ListedExport>

const document = `query Exports($after: String) {
  list: exports(first: 100, after: $after) { edges { node { ...ListedExport } } pageInfo { hasNextPage endCursor } }
}
${listedExportFields}`

/** Prints the tenant's exports, newest first, for people or as JSON lines. */
export async function listExports(session: Session): Promise<void> {
  await printAll(session, { document, node: ListedExport, typename: 'Export', describe, none: 'There are no exports.' })
}

function describe({ id, status, version, format, samples, bytes, createdAt, error }: ListedExport): string {
  const name = `${version.dataset.name}@${version.number}`
  const facts = [
    `${samples} ${samples === 1 ? 'sample' : 'samples'}`,
    `${(bytes / 1e6).toFixed(1)} MB`,
    toAge(createdAt),
  ].join(', ')
  const why = error ? `: ${error.message}` : ''
  return `${id}  ${paintStatus(status, 8)} ${chalk.bold(name)} ${toFormatName(format)}\n  ${chalk.dim(facts)}${why}`
}

/** As `--format` takes it. */
function toFormatName(format: string): string {
  return format.toLowerCase().replaceAll('_', '-')
}
