import { hasRole } from '../../src/tenancy/caller.ts'
import { builder } from '../builder.ts'
import { EndpointHealth } from '../enums.ts'
import { Model } from './model.ts'
import { Worker } from './worker.ts'

const MAX_ENDPOINTS = 1000

builder.prismaNode('Endpoint', {
  id: { field: 'id' },
  nullable: true,
  description: 'One model server with a capacity, driven by one worker at a time.',
  fields: t => ({
    model: t.field({ type: Model, description: 'What it serves.', resolve: endpoint => ({ id: endpoint.modelId }) }),
    engine: t.exposeString('engine', { description: 'The protocol it speaks.' }),
    url: t.string({
      nullable: true,
      description: 'Where it is; null unless the key is an OPERATOR.',
      resolve: (endpoint, _args, { caller }) => (hasRole(caller, 'OPERATOR') ? endpoint.url : null),
    }),
    health: t.expose('health', {
      type: EndpointHealth,
      description: 'Whether it answers calls and health checks; UNHEALTHY ones get no calls until they do.',
    }),
    capacity: t.exposeInt('capacity', { description: 'How many calls it takes at once.' }),
    inFlight: t.exposeInt('inFlight', { description: 'How many calls it runs, as of the last heartbeat.' }),
    medianSeconds: t.exposeFloat('medianSeconds', {
      nullable: true,
      description: 'Median seconds of its recent calls; null before the first.',
    }),
    p95Seconds: t.exposeFloat('p95Seconds', {
      nullable: true,
      description: 'The slowest of twenty of its recent calls, in seconds; null while too few were made to tell.',
    }),
    failures: t.exposeInt('failures', {
      description:
        'How many of its last ten calls failed; at five it gets no more until it answers a health check, then one at a time.',
    }),
    worker: t.field({
      type: Worker,
      nullable: true,
      description: 'The worker that drives it; null where none does now.',
      select: (_args, _context, nestedSelection) => ({ leaseUntil: true, worker: nestedSelection(true) }),
      resolve: ({ leaseUntil, worker }) => (leaseUntil !== null && leaseUntil > new Date() ? worker : null),
    }),
  }),
})

builder.queryField('endpoints', t =>
  t.prismaField({
    type: ['Endpoint'],
    description: `The model servers of the fleet, by model; at most ${MAX_ENDPOINTS}.`,
    resolve: (query, _root, _args, { deps }) =>
      deps.prisma.endpoint.findMany({ ...query, orderBy: [{ modelId: 'asc' }, { id: 'asc' }], take: MAX_ENDPOINTS }),
  }),
)
