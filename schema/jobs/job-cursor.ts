import { validate } from 'uuid'
import type { Context } from '../context.ts'
import { openCursor, sealCursor } from '../signed-cursor.ts'

/** What jobs are ordered by. CREATED_AT: by id, which is made in that order. */
export type JobOrderField = 'CREATED_AT' | 'FINISHED_AT'

/** A job's place in an order. */
export type JobPlace = { id: string; finishedAt: Date | null }

/** The cursor of a job in this order. */
export function encodeJobCursor(context: Context, order: JobOrderField, place: JobPlace): string {
  const milliseconds = order === 'FINISHED_AT' ? (place.finishedAt?.getTime() ?? '') : ''
  return sealCursor(context, 'job-cursor', `${order}.${place.id}.${milliseconds}`)
}

/** The place that a cursor names. Throws a GraphQLError for anything that was not made for this tenant and order. */
export function decodeJobCursor(
  context: Context,
  order: JobOrderField,
  cursor: string,
  argument: 'after' | 'before',
): JobPlace {
  return openCursor(context, { kind: 'job-cursor', cursor, argument }, text => {
    const [field, id = '', milliseconds = ''] = text.split('.')
    if (field !== order || !validate(id)) return null
    return { id, finishedAt: milliseconds === '' ? null : new Date(Number(milliseconds)) }
  })
}
