import { validate } from 'uuid'
import type { TrajectoryOrderField, TrajectoryPlace } from '../../src/trajectories/trajectory-order.ts'
import type { Context } from '../context.ts'
import { openCursor, sealCursor } from '../signed-cursor.ts'

/** The cursor of a trajectory in this order. */
export function encodeTrajectoryCursor(
  context: Context,
  order: TrajectoryOrderField,
  { value, jobId }: TrajectoryPlace,
): string {
  return sealCursor(context, 'trajectory-cursor', `${order} ${jobId} ${value}`)
}

/** The place that a cursor names. Throws a GraphQLError for anything that was not made for this tenant and order. */
export function decodeTrajectoryCursor(context: Context, order: TrajectoryOrderField, cursor: string): TrajectoryPlace {
  return openCursor(context, { kind: 'trajectory-cursor', cursor, argument: 'after' }, text => {
    const [field, jobId = '', value = ''] = text.split(' ')
    return field === order && validate(jobId) ? { jobId, value: Number(value) } : null
  })
}
