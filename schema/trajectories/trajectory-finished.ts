import { z } from 'zod'
import { type FinishedPage, loadFinishedPage } from '../../src/trajectories/load-finished-page.ts'
import type { FinishedTrajectory } from '../../src/trajectories/read-finished.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import { said } from '../errors-to-graphql.ts'
import { loadTrajectory } from '../events/load-event-object.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { Trajectory } from './trajectory.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from './trajectory-filter.ts'

const DEFAULT_PAGE = 20
const MAX_PAGE = 100

const FinishedTrajectoryRef = builder.objectRef<FinishedTrajectory>('FinishedTrajectory').implement({
  description: "A trajectory and its place among all of the tenant's, in the order in which their runs ended.",
  fields: t => ({
    cursor: t.exposeString('cursor', {
      description: 'Pass it as `after` to go on after this one. It is a place in the same log as those of `events`.',
    }),
    trajectory: t.prismaField({
      type: Trajectory,
      description: 'The trajectory.',
      resolve: (query, item, _args, context) => loadTrajectory(query, item, context),
    }),
  }),
})

const FinishedTrajectoryPageRef = builder.objectRef<FinishedPage>('FinishedTrajectoryPage').implement({
  description: 'Trajectories in the order in which their runs ended.',
  fields: t => ({
    items: t.field({
      type: [FinishedTrajectoryRef],
      description: 'Those that match.',
      complexity: inPage,
      resolve: page => [...page.items],
    }),
    endCursor: t.exposeString('endCursor', {
      description: 'Pass it as `after` for what follows, on an empty page too: it is where this page has looked to.',
    }),
    hasNextPage: t.exposeBoolean('hasNextPage', {
      description:
        'Whether there are trajectories behind this page; an empty page with them has looked at as many as one page may.',
    }),
  }),
})

const filterDescription = 'Which trajectories; null: all. Feedback counts as it was when the trajectory is read.'

builder.queryField('finishedTrajectories', t =>
  t.field({
    type: FinishedTrajectoryPageRef,
    description: "The tenant's trajectories as `trajectoryFinished` gives them, a page at a time, by the same cursor.",
    args: {
      filter: t.arg({ type: TrajectoryFilterInput, description: filterDescription }),
      after: t.arg.string({ description: 'What ended after this cursor; null: from the oldest.' }),
      first: t.arg.int({ defaultValue: DEFAULT_PAGE, description: `How many, 0 to ${MAX_PAGE}.` }),
    },
    resolve: async (_root, args, { deps, caller }) => {
      const filter = parseArgument(trajectoryFilterRule, args.filter ?? {}, 'filter')
      const { first } = parseArgument(pageRule, { first: args.first ?? DEFAULT_PAGE })
      const page = { tenantId: caller.tenantId, filter, after: args.after ?? null, first }
      return await said(loadFinishedPage(deps.db, page))
    },
  }),
)

const pageRule = z.object({ first: intFrom(0, MAX_PAGE) })

builder.subscriptionField('trajectoryFinished', t =>
  t.field({
    type: FinishedTrajectoryRef,
    description:
      'Every trajectory of the tenant that matches, as its run ends: each once, in commit order, none lost, also across connections that go on after the last cursor. A job that is retried comes again when it has ended again, at its new place; one that was deleted or retried before it could be sent does not come. Never completes by itself.',
    args: {
      filter: t.arg({ type: TrajectoryFilterInput, description: filterDescription }),
      after: t.arg.string({ description: 'What ended after this cursor; null: from now on.' }),
    },
    subscribe: async (_root, args, { deps, caller }) => {
      const filter = parseArgument(trajectoryFilterRule, args.filter ?? {}, 'filter')
      return await said(deps.feed.followFinished({ tenantId: caller.tenantId, filter, after: args.after ?? null }))
    },
    resolve: item => item,
  }),
)
