import { z } from 'zod'
import { toAge } from './describe-job.ts'
import { formatTable } from './format-table.ts'
import { printJson, type Session } from './session.ts'

const document = `query Exports($after: String) {
  exports(first: 100, after: $after) {
    edges { node {
      id status format contentHash samples bytes createdAt version { number dataset { name } } error { code message }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`
const Listed = z.object({
  id: z.string(),
  status: z.string(),
  format: z.string(),
  contentHash: z.string().nullable(),
  samples: z.number(),
  bytes: z.number(),
  createdAt: z.string(),
  version: z.object({ number: z.number(), dataset: z.object({ name: z.string() }) }),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
type Listed = z.infer<typeof Listed>
const Data = z.object({
  exports: z.object({
    edges: z.array(z.object({ node: Listed })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})

/** Prints the tenant's exports, newest first, as a table or as JSON lines. */
export async function listExports({ api, isJson }: Session): Promise<void> {
  const found: Listed[] = []
  let after: string | null = null
  do {
    const { exports: page }: z.infer<typeof Data> = await api.run(document, { after }, Data)
    found.push(...page.edges.map(edge => edge.node))
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after !== null)
  if (isJson) for (const one of found) printJson({ __typename: 'Export', ...one })
  else if (found.length === 0) console.log('There are no exports.')
  else console.log(describe(found))
}

function describe(found: readonly Listed[]): string {
  const rows = found.map(({ version, format, status, samples, bytes, createdAt, error }) => [
    ...[`${version.dataset.name}@${version.number}`, toFormatName(format), status, String(samples)],
    ...[`${(bytes / 1e6).toFixed(1)} MB`, toAge(createdAt), error?.message ?? ''],
  ])
  return formatTable({ head: ['DATASET', 'FORMAT', 'STATUS', 'SAMPLES', 'SIZE', 'MADE', 'ERROR'], rows, flexible: 6 })
}

/** As `--format` takes it. */
function toFormatName(format: string): string {
  return format.toLowerCase().replaceAll('_', '-')
}
