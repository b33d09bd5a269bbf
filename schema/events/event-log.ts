import { NotFoundError } from '../../src/errors.ts'
import {
  type JobEventPage,
  loadJobEventPage,
  loadTenantEventPage,
  MAX_EVENTS_A_PAGE,
  type TenantEventPage,
} from '../../src/events/load-event-page.ts'
import type { TenantEvent } from '../../src/events/tenant-tails.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import { said, toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { JobEventRef } from './job-event.ts'

const TenantEventRef = builder.objectRef<TenantEvent>('TenantEvent').implement({
  description: "An event of any of the tenant's jobs, and its place among them all.",
  fields: t => ({
    cursor: t.exposeString('cursor', { description: 'Pass it as `after` to go on after this event. Opaque.' }),
    event: t.expose('event', { type: JobEventRef, description: 'The event.' }),
  }),
})

const JobEventPageRef = builder.objectRef<JobEventPage>('JobEventPage').implement({
  description: "A piece of one job's log.",
  fields: t => ({
    events: t.field({
      type: [JobEventRef],
      description: 'In order of `seq`.',
      complexity: inPage,
      resolve: page => page.events,
    }),
    lastSeq: t.exposeInt('lastSeq', { description: "The seq of the job's last event, as `Job.lastEventSeq`." }),
    isFinal: t.exposeBoolean('isFinal', {
      description: 'Whether the job has ended and this page reaches its last event.',
    }),
  }),
})

const TenantEventPageRef = builder.objectRef<TenantEventPage>('TenantEventPage').implement({
  description: "A piece of the log of all the tenant's jobs.",
  fields: t => ({
    events: t.field({
      type: [TenantEventRef],
      description: 'In commit order, and by seq within a job.',
      complexity: inPage,
      resolve: page => page.events,
    }),
    endCursor: t.exposeString('endCursor', {
      description: 'Pass it as `after` for what follows, on an empty page too: then it is the current safe position.',
    }),
  }),
})

builder.queryFields(t => ({
  jobEvents: t.field({
    type: JobEventPageRef,
    nullable: true,
    description: "A piece of a job's log, by the subscription's cursor; null where the tenant has no such job.",
    args: {
      jobId: t.arg.id({ required: true, description: 'Global id of the Job.' }),
      after: t.arg.int({ defaultValue: 0, description: 'Events after this seq.' }),
      first: t.arg.int({ defaultValue: 100, description: `How many, 0 to ${MAX_EVENTS_A_PAGE}.` }),
    },
    resolve: async (_root, args, { deps, caller }) => {
      const jobId = toUuid(args.jobId, 'Job')
      if (jobId === null) return null
      const page = { tenantId: caller.tenantId, jobId, after: args.after ?? 0, first: args.first ?? 100 }
      return await said(loadJobEventPage(deps.db, page))
    },
  }),
  events: t.field({
    type: TenantEventPageRef,
    description: "A piece of the log of all the tenant's jobs, by the subscription's cursor.",
    args: {
      after: t.arg.string({ description: 'Events after this cursor; null: from the oldest.' }),
      first: t.arg.int({ defaultValue: 100, description: `How many, 0 to ${MAX_EVENTS_A_PAGE}.` }),
    },
    resolve: async (_root, { after, first }, { deps, caller }) =>
      await said(
        loadTenantEventPage(deps.db, { tenantId: caller.tenantId, after: after ?? null, first: first ?? 100 }),
      ),
  }),
}))

builder.subscriptionFields(t => ({
  jobEvents: t.field({
    type: JobEventRef,
    description:
      'Every event of a job after seq `after`: from the log first, then live, each once and in order. Completes when the job has ended and its last event was sent.',
    args: {
      jobId: t.arg.id({ required: true, description: 'Global id of the Job.' }),
      after: t.arg.int({ defaultValue: 0, description: 'Events after this seq; 0: from the first.' }),
    },
    subscribe: async (_root, args, { deps, caller }) => {
      const jobId = toUuid(args.jobId, 'Job')
      if (jobId === null) throw toGraphQLError(new NotFoundError('jobId', 'job'))
      return await said(deps.feed.followJob({ tenantId: caller.tenantId, jobId, after: args.after ?? 0 }))
    },
    resolve: event => event,
  }),
  events: t.field({
    type: TenantEventRef,
    description:
      "Every event of all the tenant's jobs after the cursor, each once, in commit order. Never completes by itself.",
    args: { after: t.arg.string({ description: 'Events after this cursor; null: from now on.' }) },
    subscribe: async (_root, { after }, { deps, caller }) =>
      await said(deps.feed.followTenant({ tenantId: caller.tenantId, after: after ?? null })),
    resolve: event => event,
  }),
}))
