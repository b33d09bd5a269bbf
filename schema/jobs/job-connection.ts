import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { z } from 'zod'
import { InvalidInputError } from '../../src/errors.ts'
import type { Prisma } from '../../src/generated/prisma/client.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { OrderDirection } from '../enums.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { omitUnread } from '../omit-unread.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { Job } from './job.ts'
import { decodeJobCursor, encodeJobCursor, type JobOrderField, type JobPlace } from './job-cursor.ts'
import { JobFilterInput, jobFilterRule, toWhere } from './job-filter.ts'

const DEFAULT_PAGE = 20
const MAX_PAGE = 100

const pageRule = z.object({ first: intFrom(0, MAX_PAGE).nullish(), last: intFrom(0, MAX_PAGE).nullish() })

type PageArgs = {
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}
type Order = { field: JobOrderField; direction: 'ASC' | 'DESC' }

/** One page of the caller's jobs that match `where`, by keyset: a deep page costs what the first does. */
export async function loadJobPage(
  where: Prisma.JobWhereInput,
  args: PageArgs,
  order: Order,
  context: Context,
  info: GraphQLResolveInfo,
) {
  const { first, last } = parseArgument(pageRule, args)
  if (typeof first === 'number' && typeof last === 'number') {
    throw toGraphQLError(new InvalidInputError('last', 'last cannot be given together with first.'))
  }
  const isBackward = typeof last === 'number'
  const size = last ?? first ?? DEFAULT_PAGE
  const isDescending = (order.direction === 'DESC') !== isBackward
  const after = args.after ? decodeJobCursor(context, order.field, args.after, 'after') : null
  const before = args.before ? decodeJobCursor(context, order.field, args.before, 'before') : null
  const direction = isDescending ? 'desc' : 'asc'
  const query = omitUnread(queryFromInfo({ context, info, path: ['edges', 'node'] }), 'Job', info)
  const rows = await context.deps.prisma.job.findMany({
    ...query,
    where: {
      AND: [
        where,
        { tenantId: context.caller.tenantId },
        ...(order.field === 'FINISHED_AT' ? [{ finishedAt: { not: null } }] : []),
        ...(after ? [beyond(after, order.field, order.direction === 'DESC')] : []),
        ...(before ? [beyond(before, order.field, order.direction !== 'DESC')] : []),
      ],
    },
    orderBy: order.field === 'FINISHED_AT' ? [{ finishedAt: direction }, { id: direction }] : { id: direction },
    take: size + 1,
  })
  const hasMore = rows.length > size
  const page = rows.slice(0, size)
  if (isBackward) page.reverse()
  const edges = page.map(node => ({
    node,
    get cursor() {
      return encodeJobCursor(context, order.field, node)
    },
  }))
  return {
    edges,
    pageInfo: {
      hasNextPage: isBackward ? before !== null : hasMore,
      hasPreviousPage: isBackward ? hasMore : after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** What comes after a place. The first condition lets an index start there, the second settles equal times. */
function beyond({ id, finishedAt }: JobPlace, field: JobOrderField, isDescending: boolean): Prisma.JobWhereInput {
  const next = isDescending ? { lt: id } : { gt: id }
  if (field === 'CREATED_AT' || finishedAt === null) return { id: next }
  return isDescending
    ? { finishedAt: { lte: finishedAt }, OR: [{ finishedAt: { lt: finishedAt } }, { id: next }] }
    : { finishedAt: { gte: finishedAt }, OR: [{ finishedAt: { gt: finishedAt } }, { id: next }] }
}

const JobOrderFieldRef = builder.enumType('JobOrderField', {
  description: 'What jobs are ordered by.',
  values: {
    CREATED_AT: { description: 'When they were submitted.' },
    FINISHED_AT: { description: 'When their last run ended; lists finished jobs alone.' },
  } as const,
})

const JobOrder = builder.inputType('JobOrder', {
  description: 'The order of a list of jobs.',
  fields: t => ({
    field: t.field({ type: JobOrderFieldRef, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
})

/** The one connection type of jobs, shared by every field that lists them. */
export const JobConnection = builder.connectionObject(
  { type: Job, name: 'JobConnection', description: 'A page of jobs.' },
  { name: 'JobEdge', description: 'A job and its place in the list.' },
)

/** The order of a list that names none: newest first. */
export const newestFirst: Order = { field: 'CREATED_AT', direction: 'DESC' }

builder.queryField('jobs', t =>
  t.connection(
    {
      type: Job,
      description: "The tenant's jobs, newest first unless `orderBy` says otherwise; at most 100 a page.",
      args: {
        filter: t.arg({ type: JobFilterInput, description: 'Which jobs; null: all.' }),
        orderBy: t.arg({ type: JobOrder, description: 'Their order; null: CREATED_AT, DESC.' }),
      },
      resolve: (_root, args, context, info) => {
        const filter = parseArgument(jobFilterRule, args.filter ?? {}, 'filter')
        return loadJobPage(toWhere(filter), args, args.orderBy ?? newestFirst, context, info)
      },
    },
    JobConnection,
  ),
)
