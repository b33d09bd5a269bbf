import { z } from 'zod'
import { ForbiddenError, InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { hasRole } from '../../src/tenancy/caller.ts'
import { createApiKey } from '../../src/tenancy/create-api-key.ts'
import { revokeApiKey } from '../../src/tenancy/revoke-api-key.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { Role } from '../enums.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { optional } from '../jobs/edit-input.ts'
import { successType } from '../jobs/job-result.ts'
import { parseArgument, parseInput, textOf } from '../parse-input.ts'

const MAX_KEYS = 1000

const ApiKey = builder.prismaNode('ApiKey', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, ...reach(context) }),
  authScopes: { role: 'ADMIN' },
  description: 'A key that opens one tenant. Its secret is shown once, at creation, and not stored. Needs ADMIN.',
  fields: t => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    tenant: t.string({
      description: 'The name of the tenant it opens.',
      select: { tenant: { select: { name: true } } },
      resolve: key => key.tenant.name,
    }),
    role: t.expose('role', { type: Role, description: 'What it may do.' }),
    prefix: t.exposeString('prefix', { description: 'How its secret begins, to recognise it by.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'When it ends; null: never.' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, to the minute.',
    }),
  }),
})

/** An ADMIN reaches the keys of the own tenant, an OPERATOR all. */
function reach({ caller }: Context): { tenantId?: string } {
  return hasRole(caller, 'OPERATOR') ? {} : { tenantId: caller.tenantId }
}

builder.queryField('apiKeys', t =>
  t.prismaField({
    type: [ApiKey],
    description: `The tenant's keys, newest first, revoked ones too; at most ${MAX_KEYS}. Needs ADMIN.`,
    authScopes: { role: 'ADMIN' },
    args: {
      tenant: t.arg.string({ description: 'Name of another tenant, for OPERATORs; null: the own.' }),
    },
    resolve: (query, _root, args, { deps, caller }) => {
      const tenant = parseArgument(optional(textOf(1, 63)), args.tenant, 'tenant')
      if (tenant !== null && tenant !== caller.tenant && !hasRole(caller, 'OPERATOR')) {
        throw toGraphQLError(new ForbiddenError('Only an OPERATOR key can see the keys of another tenant.'))
      }
      const where = tenant === null ? { tenantId: caller.tenantId } : { tenant: { name: tenant } }
      return deps.prisma.apiKey.findMany({ ...query, where, orderBy: { id: 'desc' }, take: MAX_KEYS })
    },
  }),
)

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to make.',
  fields: t => ({
    name: t.string({ required: true, description: 'What to call it, 1 to 100 characters.' }),
    role: t.field({ type: Role, required: true, description: "What it may do; not above the caller's own role." }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends; null: never.' }),
    tenant: t.string({ description: 'Name of the tenant it opens, for OPERATORs; null: the own.' }),
  }),
})

const keyRule = z.object({
  name: textOf(1, 100),
  role: z.enum(['READ', 'WRITE', 'ADMIN', 'OPERATOR']),
  expiresAt: optional(z.date()),
  tenant: optional(textOf(1, 63)),
})

type KeyMade = { keyId: string; secret: string }

const apiKeyField = { type: ApiKey, description: 'The key.' } as const

const CreateApiKeySuccess = builder.objectRef<KeyMade>('CreateApiKeySuccess').implement({
  description: 'The key was made.',
  fields: t => ({
    apiKey: t.prismaField({
      ...apiKeyField,
      resolve: (query, { keyId }, _args, context) => loadKey(query, keyId, context),
    }),
    secret: t.exposeString('secret', { description: 'What to send as `Authorization: Bearer ...`. Shown this once.' }),
  }),
})

const RevokeApiKeySuccess = builder.objectRef<{ keyId: string }>('RevokeApiKeySuccess').implement({
  description: 'The key opens nothing any more; its live subscriptions end within 5 s.',
  fields: t => ({
    apiKey: t.prismaField({
      ...apiKeyField,
      resolve: (query, { keyId }, _args, context) => loadKey(query, keyId, context),
    }),
  }),
})

function loadKey(query: object, keyId: string, context: Context) {
  return context.deps.prisma.apiKey.findUniqueOrThrow({ ...query, where: { id: keyId, ...reach(context) } })
}

const CreateApiKeyResult = builder.errorUnion('CreateApiKeyResult', {
  description: 'What became of a new key.',
  types: [CreateApiKeySuccess, InvalidInputError, NotFoundError, ForbiddenError],
  resolveType: successType('CreateApiKeySuccess'),
})

const RevokeApiKeyResult = builder.errorUnion('RevokeApiKeyResult', {
  description: 'What became of a revocation.',
  types: [RevokeApiKeySuccess, NotFoundError, ForbiddenError],
  resolveType: successType('RevokeApiKeySuccess'),
})

builder.mutationFields(t => ({
  createApiKey: t.field({
    type: CreateApiKeyResult,
    description: 'Makes a key. Needs ADMIN.',
    authScopes: { role: 'ADMIN' },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The key.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const { id, secret } = await createApiKey(deps.db, caller, parseInput(keyRule, input))
      return { keyId: id, secret }
    },
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyResult,
    description: 'Revokes a key at once and for good; again changes nothing. Needs ADMIN.',
    authScopes: { role: 'ADMIN' },
    args: { id: t.arg.id({ required: true, description: 'Global id of the ApiKey.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const keyId = toUuid(args.id, 'ApiKey')
      if (keyId === null) throw new NotFoundError('id', 'API key')
      return { keyId: await revokeApiKey(deps.db, caller, keyId) }
    },
  }),
}))
