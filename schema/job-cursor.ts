// Where a page of jobs begins: the place of a job in one order of one tenant, signed, so that a cursor of another tenant,
// of another order or of somebody's making is refused instead of read.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { validate } from 'uuid'
import { InvalidInputError } from '../src/errors.ts'
import type { Context } from './context.ts'
import { toGraphQLError } from './errors-to-graphql.ts'

/** What jobs are ordered by. CREATED_AT: by id, which is made in that order. */
export type JobOrderField = 'CREATED_AT' | 'FINISHED_AT'

/** A job's place in an order. */
export type JobPlace = { id: string; finishedAt: Date | null }

const SIGNATURE_BYTES = 12

/** The cursor of a job in this order. */
export function encodeJobCursor(context: Context, order: JobOrderField, place: JobPlace): string {
  const text = `${order}.${place.id}.${order === 'FINISHED_AT' ? (place.finishedAt?.getTime() ?? '') : ''}`
  return Buffer.concat([sign(context, text), Buffer.from(text)]).toString('base64url')
}

/** The place that a cursor names. Throws a GraphQLError for anything that was not made for this tenant and order. */
export function decodeJobCursor(
  context: Context,
  order: JobOrderField,
  cursor: string,
  argument: 'after' | 'before',
): JobPlace {
  const bytes = Buffer.from(cursor.length > 200 ? '' : cursor, 'base64url')
  const text = bytes.subarray(SIGNATURE_BYTES).toString()
  const signature = bytes.subarray(0, SIGNATURE_BYTES)
  const isOurs = signature.length === SIGNATURE_BYTES && timingSafeEqual(signature, sign(context, text))
  const [field, id = '', milliseconds = ''] = text.split('.')
  if (!isOurs || field !== order || !validate(id)) {
    throw toGraphQLError(
      new InvalidInputError(
        argument,
        `${argument} is not a cursor of this list and order: pass one back as it was given.`,
      ),
    )
  }
  return { id, finishedAt: milliseconds === '' ? null : new Date(Number(milliseconds)) }
}

function sign(context: Context, text: string): Buffer {
  const hmac = createHmac('sha256', context.deps.secret)
  return hmac.update(`job-cursor\n${context.caller.tenantId}\n${text}`).digest().subarray(0, SIGNATURE_BYTES)
}
