import { createHash } from 'node:crypto'
import {
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
  Kind,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Caller } from '../../src/tenancy/caller.ts'

type Shape = { text: string; variables: readonly string[] }

/** A document is parsed once for all who send it, so it is looked at once. */
const shapes = new WeakMap<DocumentNode, Shape>()

/**
 * The same text for all subscriptions whose results for one event are the same: tenant, role, document, operation name
 * and variables, but for what says where the stream begins.
 */
export function makeShareKey(args: ExecutionArgs, caller: Pick<Caller, 'tenantId' | 'role'>): string {
  const shape = shapes.get(args.document) ?? findShape(args.schema, args.document)
  shapes.set(args.document, shape)
  const values = shape.variables.map(name => [name, args.variableValues?.[name]])
  const parts = [caller.tenantId, caller.role, args.operationName ?? null, shape.text, values]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

/** The document without the subscriptions' `after`, and the names of the variables that are still used in it. */
function findShape(schema: GraphQLSchema, document: DocumentNode): Shape {
  const types = new TypeInfo(schema)
  let isFieldOfRoot = false
  const rest = visit(
    document,
    visitWithTypeInfo(types, {
      Field: () => {
        isFieldOfRoot = types.getParentType() === schema.getSubscriptionType()
      },
      // Directives and fields below have their own arguments; those of a root field come before both.
      Argument: ({ name }) => (isFieldOfRoot && !types.getDirective() && name.value === 'after' ? null : undefined),
    }),
  )
  const variables = new Set<string>()
  visit(rest, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void variables.add(name.value),
  })
  return { text: print(dropDefinitions(rest, variables)), variables: [...variables].sort() }
}

/** Without the definitions of variables that are used no more: a cursor's own name and default make no difference. */
function dropDefinitions(document: DocumentNode, used: ReadonlySet<string>): DocumentNode {
  return visit(document, {
    [Kind.VARIABLE_DEFINITION]: ({ variable }) => (used.has(variable.name.value) ? false : null),
  })
}
