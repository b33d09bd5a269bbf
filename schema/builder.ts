import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { GraphQLError } from 'graphql'
import { InvalidInputError } from '../src/errors.ts'
import type PrismaTypes from '../src/generated/pothos-types.ts'
import { getDatamodel } from '../src/generated/pothos-types.ts'
import type { Role } from '../src/tenancy/caller.ts'
import { hasRole } from '../src/tenancy/caller.ts'
import { fieldComplexity, inPage, listMultiplier } from './complexity.ts'
import type { Context } from './context.ts'
import { toGraphQLError } from './errors-to-graphql.ts'
import { decodeNodeId, encodeGlobalId } from './global-id.ts'

const MAX_NODES = 100

/** The builder that every type of the schema is added to. A field is non-null and needs READ unless it says otherwise. */
export const builder = new SchemaBuilder<{
  Context: Context
  PrismaTypes: PrismaTypes
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
  AuthScopes: { role: Role }
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
    File: { Input: string; Output: never }
  }
}>({
  // Errors come before Prisma, so that a union field can be planned; authorisation runs before any resolver.
  plugins: [ErrorsPlugin, ComplexityPlugin, ScopeAuthPlugin, PrismaPlugin, RelayPlugin],
  defaultFieldNullability: false,
  complexity: { defaultComplexity: 1, defaultListMultiplier: listMultiplier, fieldComplexity },
  scopeAuth: {
    authScopes: context => ({ role: role => hasRole(context.caller, role) }),
    unauthorizedError: (_parent, context, info) =>
      new GraphQLError(
        `A key of role ${context.caller.role} may not ${info.operation.operation === 'mutation' ? 'do' : 'read'} "${info.fieldName}".`,
        { extensions: { code: 'FORBIDDEN' } },
      ),
  },
  // A prismaNode without `select` loads whole rows: choosing the columns costs a look-up for every field of an answer.
  prisma: {
    client: context => context.deps.prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    onUnusedQuery: null,
  },
  relay: {
    idFieldOptions: { description: 'Global id: unique over all types, opaque.' },
    encodeGlobalID: (typename, id) => encodeGlobalId(typename, String(id)),
    decodeGlobalID: decodeNodeId,
    cursorType: 'String',
    nodeTypeOptions: { description: 'Anything that can be loaded again by its global id.' },
    pageInfoTypeOptions: { description: 'Where a page stands in its list.' },
    edgesFieldOptions: { nullable: false, description: 'The items of this page, in order.', complexity: inPage },
    nodeFieldOptions: { nullable: false, description: 'The item.', complexity: inPage },
    cursorFieldOptions: { description: 'Its place in the list, for `after` and `before`. Opaque.' },
    pageInfoFieldOptions: { description: 'Whether there is more, and where this page begins and ends.' },
    hasNextPageFieldOptions: { description: 'Whether items follow this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether items precede this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first item; null on an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last item; null on an empty page.' },
    firstArgOptions: { description: 'How many items from the start (or after `after`), 0 to 100. Default 20.' },
    afterArgOptions: { description: 'Cursor of the item before the first wanted one.' },
    lastArgOptions: {
      description: 'How many items from the end (or before `before`), 0 to 100; not together with `first`.',
    },
    beforeArgOptions: { description: 'Cursor of the item after the last wanted one.' },
    nodeQueryOptions: {
      description: 'Any object by its global id; null where there is none that the caller may see.',
      args: { id: { description: 'Its global id.' } },
    },
    nodesQueryOptions: {
      description: `Up to ${MAX_NODES} objects by their global ids, in the order asked; null where there is none that the caller may see.`,
      args: { ids: { description: 'Their global ids.' } },
      complexity: args => ({ field: 1, multiplier: Array.isArray(args.ids) ? args.ids.length : 1 }),
      resolve: (_root, { ids }, _context, _info, resolveNodes) => {
        if (ids.length > MAX_NODES) {
          throw toGraphQLError(
            new InvalidInputError('ids', `ids must hold at most ${MAX_NODES} ids, not ${ids.length}.`),
          )
        }
        return resolveNodes(ids)
      },
    },
  },
})

builder.queryType({ description: 'What can be read. Needs a key of role READ unless a field says otherwise.' })
builder.mutationType({
  description:
    'What can be changed. Needs a key of role WRITE unless a field says otherwise. An expected failure is a member of the result union, never an entry of `errors`.',
  authScopes: { role: 'WRITE' },
})
builder.subscriptionType({ description: 'What can be followed live, over WebSocket (graphql-transport-ws) or SSE.' })
