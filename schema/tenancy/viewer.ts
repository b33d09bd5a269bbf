import type { Caller } from '../../src/tenancy/caller.ts'
import { parseQuotas } from '../../src/tenancy/quotas.ts'
import { builder } from '../builder.ts'
import { Role } from '../enums.ts'

const ViewerRef = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who asks: the tenant of the key, what it may do and what it uses.',
  fields: t => ({
    tenant: t.exposeString('tenant', { description: "The tenant's name." }),
    role: t.expose('role', { type: Role, description: 'What the key may do.' }),
    keyName: t.exposeString('keyName', { description: 'The name of the key.' }),
    queuedJobs: t.int({
      description: "The tenant's QUEUED jobs.",
      resolve: ({ tenantId }, _args, { deps }) => deps.prisma.job.count({ where: { tenantId, status: 'QUEUED' } }),
    }),
    runningJobs: t.int({
      description: "The tenant's RUNNING jobs.",
      resolve: ({ tenantId }, _args, { deps }) => deps.prisma.job.count({ where: { tenantId, status: 'RUNNING' } }),
    }),
    storedBytes: t.float({
      description: "Bytes of the tenant's stored images.",
      resolve: async ({ tenantId }, _args, { deps }) => {
        const sums = await deps.prisma.image.aggregate({ where: { tenantId }, _sum: { byteSize: true } })
        return Number(sums._sum.byteSize ?? 0)
      },
    }),
    quotas: t.field({
      type: 'JSON',
      description: '`maxUnfinishedJobs`, `maxJobsPerDay` (UTC) and `maxStoredBytes`; null: no limit.',
      resolve: async ({ tenantId }, _args, { deps }) => {
        const tenant = await deps.prisma.tenant.findUnique({ where: { id: tenantId }, select: { quotas: true } })
        return parseQuotas(tenant?.quotas)
      },
    }),
  }),
})

builder.queryField('viewer', t =>
  t.field({ type: ViewerRef, description: 'Who asks.', resolve: (_root, _args, { caller }) => caller }),
)
