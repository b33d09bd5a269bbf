import { hasRole } from '../../src/tenancy/caller.ts'
import { builder } from '../builder.ts'

const MAX_WORKERS = 1000

export const Worker = builder.prismaNode('Worker', {
  id: { field: 'id' },
  nullable: true,
  description: 'A process that drives model servers.',
  fields: t => ({
    host: t.string({
      nullable: true,
      description: 'The machine it runs on; null unless the key is an OPERATOR.',
      resolve: (worker, _args, { caller }) => (hasRole(caller, 'OPERATOR') ? worker.host : null),
    }),
    version: t.exposeString('version', { description: 'The version of this software it runs.' }),
    slots: t.exposeInt('slots', { description: 'How many calls it can run at once.' }),
    inFlight: t.int({
      description: 'How many stages it runs now.',
      resolve: (worker, _args, context) => context.loaders.workerInFlight.load(worker.id),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it started.' }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      description: 'Its last heartbeat, 3 s apart; after 9 s without one its work goes to others.',
    }),
    isDraining: t.exposeBoolean('isDraining', { description: 'Whether it is stopping and takes no more work.' }),
  }),
})

builder.queryField('workers', t =>
  t.prismaField({
    type: [Worker],
    description: `The workers, oldest first; at most ${MAX_WORKERS}.`,
    resolve: (query, _root, _args, { deps }) =>
      deps.prisma.worker.findMany({ ...query, orderBy: [{ startedAt: 'asc' }, { id: 'asc' }], take: MAX_WORKERS }),
  }),
)
