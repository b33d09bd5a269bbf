import { type SqlStatement, sql } from '../sql.ts'
import { numberColumns } from './trajectory-filter.ts'

/** What trajectories are ordered by. By a number: only those that have it. */
export type TrajectoryOrderField =
  | 'FINISHED_AT'
  | 'CREATED_AT'
  | 'FIRST_OVERALL'
  | 'BEST_OVERALL'
  | 'LAST_OVERALL'
  | 'GAIN'
  | 'VARIANCE'
  | 'ROUNDS'
  | 'SECONDS'
  | 'THINKER_TOKENS'

/** An order of trajectories; equals among them by job. */
export type TrajectoryOrder = { readonly field: TrajectoryOrderField; readonly direction: 'ASC' | 'DESC' }

/** A trajectory's place in an order: its value there (a moment as milliseconds since 1970), and its job among equals. */
export type TrajectoryPlace = { readonly value: number; readonly jobId: string }

type OrderColumn = { readonly column: SqlStatement; toBound(value: number): SqlStatement }

const real = (column: SqlStatement): OrderColumn => ({ column, toBound: value => sql`${value}::float8` })
const whole = (column: SqlStatement): OrderColumn => ({ column, toBound: value => sql`${value}::int` })
const moment = (column: SqlStatement): OrderColumn => ({
  column,
  toBound: value => sql`${new Date(value).toISOString()}::timestamptz`,
})

/** The columns over `trajectory t`; each has an index by tenant, itself and job. */
export const orderColumns: Readonly<Record<TrajectoryOrderField, OrderColumn>> = {
  FINISHED_AT: moment(sql`t.finished_at`),
  CREATED_AT: moment(sql`t.created_at`),
  FIRST_OVERALL: real(numberColumns.firstOverall),
  BEST_OVERALL: real(numberColumns.bestOverall),
  LAST_OVERALL: real(numberColumns.lastOverall),
  GAIN: real(numberColumns.gain),
  VARIANCE: real(numberColumns.variance),
  ROUNDS: whole(numberColumns.rounds),
  SECONDS: real(numberColumns.seconds),
  THINKER_TOKENS: whole(numberColumns.thinkerTokens),
}
