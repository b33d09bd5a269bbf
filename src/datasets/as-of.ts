import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { isBefore, isEventBefore } from '../trajectories/trajectory-filter.ts'

/** Whether the log had an event `e` of this kind at that place: what it tells of had been written by then. */
export function isAnyBefore(asOf: EventPosition, which: SqlStatement): SqlStatement {
  return sql`exists (select from job_event e where ${which} and ${isEventBefore(asOf)})`
}

/** Whether the round `round` belongs to a trajectory that is still what it was at that place. */
export function isOfTrajectory(asOf: EventPosition, round: SqlStatement): SqlStatement {
  return sql`exists (select from trajectory t where t.job_id = ${round}.job_id and ${isBefore(asOf)})`
}

/** Whether a trajectory of `dataset_sample s` was deleted, or went on by a retry, since its version read it. */
export function isGone(asOf: EventPosition): SqlStatement {
  const isMissing = (id: SqlStatement) =>
    sql`(${id} is not null and not exists (select from round r where r.id = ${id} and ${isOfTrajectory(asOf, sql`r`)}))`
  return sql`(not exists (select from trajectory t where t.job_id = s.job_id and ${isBefore(asOf)})
    or ${isMissing(sql`s.round_id`)} or ${isMissing(sql`s.rejected_id`)})`
}
