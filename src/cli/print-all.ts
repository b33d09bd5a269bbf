import { z } from 'zod'
import { printJson, type Session } from './session.ts'

/** A list of the API. */
type Listing<Node> = {
  /** Takes $after, and asks for the list as `list`: edges { node } and pageInfo { hasNextPage endCursor }. */
  document: string
  node: z.ZodType<Node>
  typename: string
  describe(node: Node): string
  /** What is said where there is nothing. */
  none: string
}

/** Prints all of a list, in its order, for people or as JSON lines. */
export async function printAll<Node extends object>({ api, isJson }: Session, listing: Listing<Node>): Promise<void> {
  const { document, node: Node, typename, describe, none } = listing
  const Data = z.object({
    list: z.object({
      edges: z.array(z.object({ node: Node })),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    }),
  })
  let after: string | null = null
  do {
    const { list }: z.infer<typeof Data> = await api.run(document, { after }, Data)
    for (const { node } of list.edges) {
      if (isJson) printJson({ __typename: typename, ...node })
      else console.log(describe(node))
    }
    if (!isJson && after === null && list.edges.length === 0) console.log(none)
    after = list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null
  } while (after !== null)
}
