import { z } from 'zod'
import { toItemId } from '../../benchmarks/benchmark.ts'
import type { ApiClient } from '../api-client.ts'
import { outlastServer } from '../outlast-server.ts'
import { readItem } from './read-item.ts'

const document = `query Unfinished($label: String!, $status: [JobStatus!], $after: String) {
  jobs(first: 100, after: $after, filter: { batch: $label, status: $status }) {
    edges { node { id status metadata error { message } } } pageInfo { hasNextPage endCursor }
  }
}`
const Page = z.object({
  jobs: z.object({
    edges: z.array(
      z.object({
        node: z.object({
          id: z.string(),
          status: z.string(),
          metadata: z.unknown(),
          error: z.object({ message: z.string() }).nullable(),
        }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})
/** A job of a run that did not succeed, by its item's name. */
export type UnfinishedJob = { id: string; item: string; problem: string }

/** The jobs of a batch in these statuses, newest first. */
export async function listUnfinished(
  api: ApiClient,
  label: string,
  status: readonly string[],
): Promise<UnfinishedJob[]> {
  const found: UnfinishedJob[] = []
  const load = (after: string | null) => outlastServer(() => api.run(document, { label, status, after }, Page))
  for (let after: string | null = null; ; ) {
    const { jobs }: z.infer<typeof Page> = await load(after)
    for (const { node } of jobs.edges) {
      const item = readItem(node.metadata)
      const problem = node.error?.message ?? node.status.toLowerCase()
      found.push({ id: node.id, item: item ? toItemId(item) : node.id, problem })
    }
    if (!jobs.pageInfo.hasNextPage) return found
    after = jobs.pageInfo.endCursor
  }
}
