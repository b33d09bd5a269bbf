// Where a page of a list begins: a place in one list of one tenant, signed, so that a cursor of another tenant, of another
// list or of somebody's making is refused instead of read.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { InvalidInputError } from '../src/errors.ts'
import type { Context } from './context.ts'
import { toGraphQLError } from './errors-to-graphql.ts'

/** Which list a cursor belongs to. */
export type CursorKind =
  | 'job-cursor'
  | 'trajectory-cursor'
  | 'dataset-sample-cursor'
  | 'judge-run-cursor'
  | 'judge-answer-cursor'
  | 'judged-item-cursor'
  | 'export-cursor'
  | 'export-file-cursor'
  | 'benchmark-run-cursor'
  | 'review-queue-cursor'

const SIGNATURE_BYTES = 12
const MAX_LENGTH = 200

/** The text as a cursor of this list for this tenant. */
export function sealCursor(context: Context, kind: CursorKind, text: string): string {
  return Buffer.concat([sign(context, kind, text), Buffer.from(text)]).toString('base64url')
}

/** What `read` makes of the text in a cursor. Throws a GraphQLError for one that was not sealed so, or that `read` gives null for. */
export function openCursor<Place>(
  context: Context,
  { kind, cursor, argument }: { kind: CursorKind; cursor: string; argument: 'after' | 'before' },
  read: (text: string) => Place | null,
): Place {
  const bytes = Buffer.from(cursor.length > MAX_LENGTH ? '' : cursor, 'base64url')
  const text = bytes.subarray(SIGNATURE_BYTES).toString()
  const signature = bytes.subarray(0, SIGNATURE_BYTES)
  const isOurs = signature.length === SIGNATURE_BYTES && timingSafeEqual(signature, sign(context, kind, text))
  // One place has one text: the last character may hold bits that decode to nothing.
  const place = isOurs && bytes.toString('base64url') === cursor ? read(text) : null
  if (place !== null) return place
  throw toGraphQLError(
    new InvalidInputError(
      argument,
      `${argument} is not a cursor of this list and order: pass one back as it was given.`,
    ),
  )
}

function sign(context: Context, kind: CursorKind, text: string): Buffer {
  const hmac = createHmac('sha256', context.deps.secret)
  return hmac.update(`${kind}\n${context.caller.tenantId}\n${text}`).digest().subarray(0, SIGNATURE_BYTES)
}
