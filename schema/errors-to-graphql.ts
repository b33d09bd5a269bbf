import { GraphQLError } from 'graphql'
import { DomainError, InvalidInputError } from '../src/errors.ts'

/**
 * An expected failure as an entry of `errors`: its sentence, `extensions.code` and, where it has one, `extensions.field`.
 * For queries and subscriptions, which have no result unions.
 */
export function toGraphQLError(error: DomainError): GraphQLError {
  const field = error instanceof InvalidInputError ? { field: error.field } : {}
  return new GraphQLError(error.message, { extensions: { code: error.code, ...field } })
}

/** What the work gives; an expected failure of it becomes an entry of `errors`. */
export async function said<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof DomainError ? toGraphQLError(error) : error
  }
}
