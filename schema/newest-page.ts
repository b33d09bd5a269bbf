import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { validate } from 'uuid'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { intFrom, parseArgument } from './parse-input.ts'
import { type CursorKind, openCursor, sealCursor } from './signed-cursor.ts'
import { toPage } from './to-page.ts'

const DEFAULT_PAGE = 20
const firstRule = intFrom(0, 100)

/** The arguments of a list that `loadNewestPage` serves. */
export const newestPageArgs = builder.args(t => ({
  first: t.int({ description: `How many, 0 to 100. Default ${DEFAULT_PAGE}.` }),
  after: t.string({ description: 'Cursor of the item before the first wanted one.' }),
}))

/** What a page asks of its table, for Prisma's `findMany`. */
type PageQuery = { where: { tenantId: string; id?: { lt: string } }; orderBy: { id: 'desc' }; take: number }

type PageRequest = { kind: CursorKind; args: { first?: number | null | undefined; after?: string | null | undefined } }

/** A page of the caller's rows, newest first: ids are made in that order. `load` gives the rows of the query. */
export async function loadNewestPage<Row extends { id: string }>(
  { kind, args }: PageRequest,
  context: Context,
  info: GraphQLResolveInfo,
  load: (query: PageQuery) => PromiseLike<Row[]>,
) {
  const size = parseArgument(firstRule, args.first ?? DEFAULT_PAGE, 'first')
  const place = { kind, cursor: args.after ?? '', argument: 'after' } as const
  const after = args.after ? openCursor(context, place, text => (validate(text) ? text : null)) : null
  const selection: object = queryFromInfo({ context, info, path: ['edges', 'node'] })
  const rows = await load({
    ...selection,
    where: { tenantId: context.caller.tenantId, ...(after && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: size + 1,
  })
  return toPage(rows, { size, isFirst: after === null, toCursor: ({ id }) => sealCursor(context, kind, id) })
}
