import { GraphQLError } from 'graphql'
import type { Logger } from 'pino'
import { isConnectionError } from '../../src/db.ts'
import { DomainError } from '../../src/errors.ts'
import { FeedClosedError } from '../../src/events/event-feed.ts'
import { StorageError } from '../../src/storage/storage.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'

/**
 * What a caller sees of an error: GraphQL's own and expected ones as they are, everything else as one sentence, with
 * the original in the log.
 */
export function makeErrorMask(log: Logger): (error: unknown) => Error {
  return error => {
    const place = error instanceof GraphQLError ? error : null
    const original = findOriginal(error)
    if (original instanceof DomainError) return at(place, toGraphQLError(original))
    if (original instanceof GraphQLError) return withoutSuggestion(place ?? original)
    if (original instanceof FeedClosedError) {
      return at(place, new GraphQLError(original.message, { extensions: { code: 'SERVER_STOPPING' } }))
    }
    const isAway = isOutage(original)
    if (isAway) log.warn({ err: original, path: place?.path }, 'the database or the object store did not answer')
    else log.error({ err: original, path: place?.path }, 'an operation failed unexpectedly')
    const [code, message] = isAway
      ? ['UNAVAILABLE', 'The server cannot reach its database or object store at the moment; try again.']
      : ['INTERNAL_SERVER_ERROR', 'Unexpected error.']
    return at(place, new GraphQLError(message, { extensions: { code, unexpected: true } }))
  }
}

/** Whether this is a bug or an outage, as opposed to what a caller may expect. */
export function isUnexpected(error: GraphQLError): boolean {
  const original = findOriginal(error)
  return !(original instanceof GraphQLError || original instanceof DomainError || original instanceof FeedClosedError)
}

/** Whether the database or the object store did not answer: the same may succeed later. */
export function isTransient(error: GraphQLError): boolean {
  return isOutage(findOriginal(error))
}

function findOriginal(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? findOriginal(error.originalError) : error
}

/** Names that the caller did not know are not told, as in a value that is no member of its enum. */
export function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ Did you mean .*\?/s, '')
  return message === error.message ? error : at(error, new GraphQLError(message, { extensions: error.extensions }))
}

/** The same error at the place in the document where the original arose. */
function at(place: GraphQLError | null, { message, extensions }: GraphQLError): GraphQLError {
  if (!place) return new GraphQLError(message, { extensions })
  const { nodes, source, positions, path } = place
  return new GraphQLError(message, {
    extensions,
    ...(nodes && { nodes }),
    ...(source && { source }),
    ...(positions && { positions }),
    ...(path && { path }),
  })
}

// Prisma's codes for a database that is away, too slow to connect or out of connections.
const PRISMA_OUTAGES = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2037'])

function isOutage(error: unknown): boolean {
  if (isConnectionError(error) || error instanceof StorageError) return true
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && PRISMA_OUTAGES.has(error.code)) return true
  return error.cause !== undefined && isOutage(error.cause)
}
