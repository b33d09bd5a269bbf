import { type GraphQLArgument, type GraphQLInputField, getNamedType, isInputObjectType, isObjectType } from 'graphql'
import { schema } from '../../schema/index.ts'

/**
 * Every place of the schema where a caller names an object: `Query.job(id)`, `Mutation.forkRound(input.roundId)`, and
 * where it passes a cursor, which says where another read ended.
 */
export function findIdPlaces(): string[] {
  const places: string[] = []
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      const paths = field.args.flatMap(arg => pathsOf(arg, new Set()))
      places.push(...paths.map(path => `${type.name}.${field.name}(${path})`))
    }
  }
  return places.sort()
}

function pathsOf(input: GraphQLArgument | GraphQLInputField, above: ReadonlySet<string>): string[] {
  const type = getNamedType(input.type)
  if (type.name === 'ID') return [input.name]
  if (type.name === 'String' && (input.name === 'after' || input.name === 'before')) return [input.name]
  if (!isInputObjectType(type) || above.has(type.name)) return []
  const below = new Set([...above, type.name])
  return Object.values(type.getFields()).flatMap(field => pathsOf(field, below).map(path => `${input.name}.${path}`))
}
