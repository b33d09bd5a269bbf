import { queryFromInfo } from '@pothos/plugin-prisma'
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
import { type EventPosition, encodeEventCursor } from '../../src/events/event-cursor.ts'
import type { Trajectory as TrajectoryRow } from '../../src/generated/prisma/client.ts'
import { countTrajectories, listTrajectories } from '../../src/trajectories/list-trajectories.ts'
import { readAsOf } from '../../src/trajectories/read-as-of.ts'
import type { TrajectoryFilter } from '../../src/trajectories/trajectory-filter.ts'
import type { TrajectoryOrder, TrajectoryPlace } from '../../src/trajectories/trajectory-order.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import type { Context } from '../context.ts'
import { OrderDirection } from '../enums.ts'
import { said } from '../errors-to-graphql.ts'
import { omitUnread } from '../omit-unread.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { Trajectory } from './trajectory.ts'
import { decodeTrajectoryCursor, encodeTrajectoryCursor } from './trajectory-cursor.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from './trajectory-filter.ts'

const DEFAULT_PAGE = 20
const firstRule = intFrom(0, 100)

type Edge = { cursor: string; node: TrajectoryRow }
type Page = {
  edges: Edge[]
  hasNextPage: boolean
  hasPreviousPage: boolean
  filter: TrajectoryFilter
  asOf: EventPosition | null
}

const TrajectoryEdge = builder.objectRef<Edge>('TrajectoryEdge').implement({
  description: 'A trajectory and its place in the list.',
  fields: t => ({
    cursor: t.exposeString('cursor', { description: 'Its place in the list, for `after`. Opaque.' }),
    node: t.expose('node', { type: Trajectory, description: 'The item.', complexity: inPage }),
  }),
})

const TrajectoryConnection = builder.objectRef<Page>('TrajectoryConnection').implement({
  description: 'A page of trajectories.',
  fields: t => ({
    edges: t.expose('edges', {
      type: [TrajectoryEdge],
      description: 'The items of this page, in order.',
      complexity: inPage,
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Whether there is more, and where this page begins and ends.',
      resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
        ...{ hasNextPage, hasPreviousPage },
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      }),
    }),
    totalCount: t.int({
      description: 'How many match, on all pages together. Counted when asked for: a second at most among millions.',
      resolve: async ({ filter, asOf }, _args, { deps, caller }) =>
        await countTrajectories(deps.db, { tenantId: caller.tenantId, filter, asOf }),
    }),
    asOf: t.string({
      description:
        'The place in the log at which this page was read: given as `asOf` to this and every other page, all are of the same moment. Where it is asked for, what ended beside a transaction that is still open is left to later reads.',
      resolve: ({ asOf }) => (asOf === null ? null : encodeEventCursor(asOf)) as string, // it was read since it is asked for
    }),
  }),
})

const TrajectoryOrderFieldRef = builder.enumType('TrajectoryOrderField', {
  description: 'What trajectories are ordered by. A number lists only those that have it.',
  values: {
    FINISHED_AT: { description: 'When their last run ended.' },
    CREATED_AT: { description: 'When the job was submitted.' },
    FIRST_OVERALL: { description: 'Overall score of the first round.' },
    BEST_OVERALL: { description: 'The highest overall score.' },
    LAST_OVERALL: { description: 'Overall score of the last round.' },
    GAIN: { description: 'Best minus first overall score.' },
    VARIANCE: { description: 'Variance of the overall scores.' },
    ROUNDS: { description: 'How many rounds.' },
    SECONDS: { description: 'From the first stage to the end.' },
    THINKER_TOKENS: { description: 'Thinker tokens used.' },
  } as const,
})

const TrajectoryOrderInput = builder.inputType('TrajectoryOrder', {
  description: 'The order of a list of trajectories; equals among them by job.',
  fields: t => ({
    field: t.field({ type: TrajectoryOrderFieldRef, required: true, description: 'What to order by.' }),
    direction: t.field({ type: OrderDirection, required: true, description: 'Which end comes first.' }),
  }),
})

const lastEndedFirst: TrajectoryOrder = { field: 'FINISHED_AT', direction: 'DESC' }

builder.queryField('trajectories', t =>
  t.field({
    type: TrajectoryConnection,
    description: "The tenant's finished jobs as data: those that match, the last that ended first; at most 100 a page.",
    args: {
      filter: t.arg({ type: TrajectoryFilterInput, description: 'Which trajectories; null: all.' }),
      orderBy: t.arg({ type: TrajectoryOrderInput, description: 'Their order; null: FINISHED_AT, DESC.' }),
      first: t.arg.int({ description: `How many, 0 to 100. Default ${DEFAULT_PAGE}.` }),
      after: t.arg.string({ description: 'Cursor of the item before the first wanted one, of the same order.' }),
      asOf: t.arg.string({
        description:
          'A place in the log, from `asOf` of a page or the cursor of an event: only what had ended by then, and feedback that came later does not count in the filter. What was retried or deleted since is missing. Null: now.',
      }),
    },
    resolve: async (_root, args, context, info) => {
      const { deps, caller } = context
      const size = parseArgument(firstRule, args.first ?? DEFAULT_PAGE, 'first')
      const filter = parseArgument(trajectoryFilterRule, args.filter ?? {}, 'filter')
      const order = args.orderBy ?? lastEndedFirst
      const after = args.after ? decodeTrajectoryCursor(context, order.field, args.after) : null
      const isPlaced = typeof args.asOf === 'string' || selects(info, 'asOf')
      const asOf = isPlaced ? await said(readAsOf(deps.db, args.asOf ?? null)) : null
      const page = { tenantId: caller.tenantId, filter, asOf, order, after, limit: size + 1 }
      const places = await listTrajectories(deps.db, page)
      return {
        ...{ filter, asOf, hasNextPage: places.length > size, hasPreviousPage: after !== null },
        edges: await loadEdges(places.slice(0, size), order, context, info),
      }
    },
  }),
)

/** The rows of these places with what the operation asks of them. What was deleted just now is left out. */
async function loadEdges(
  places: readonly TrajectoryPlace[],
  order: TrajectoryOrder,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<Edge[]> {
  if (places.length === 0) return []
  const query = omitUnread(queryFromInfo({ context, info, path: ['edges', 'node'] }), 'Trajectory', info)
  const { prisma } = context.deps
  const find = prisma.trajectory.findMany({
    ...query,
    // A statement for each relation: one with all of them in it, as JSON, takes twice as long for fifty jobs.
    relationLoadStrategy: 'query',
    where: { jobId: { in: places.map(place => place.jobId) }, tenantId: context.caller.tenantId },
  })
  // Of one snapshot, or a job deleted in between would be missing in the midst of it.
  const [rows] = await prisma.$transaction([find], { isolationLevel: 'RepeatableRead' })
  const byJob = new Map(rows.map(row => [row.jobId, row]))
  return places.flatMap(place => {
    const node = byJob.get(place.jobId)
    if (node === undefined) return []
    return {
      node,
      get cursor() {
        return encodeTrajectoryCursor(context, order.field, place)
      },
    }
  })
}

/** Whether the operation asks for this field of what is being resolved. */
function selects(info: GraphQLResolveInfo, name: string): boolean {
  const holds = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some(item => {
      if (item.kind === Kind.FIELD) return item.name.value === name
      return holds(
        item.kind === Kind.FRAGMENT_SPREAD ? info.fragments[item.name.value]?.selectionSet : item.selectionSet,
      )
    }) ?? false
  return info.fieldNodes.some(node => holds(node.selectionSet))
}
