import type { Queryable } from '../db.ts'
import { InvalidInputError } from '../errors.ts'
import type { JobStatus } from '../generated/prisma/enums.ts'
import { sql } from '../sql.ts'
import { type EventRow, eventColumns, type LoggedEvent, toLoggedEvent } from './job-event.ts'

/** A piece of one job's log and the job as it stood in the same snapshot. */
export type JobLog = {
  readonly jobId: string
  readonly tenantId: string
  readonly lastSeq: number
  /** SUCCEEDED, FAILED or CANCELED: no run is going on, though feedback, a fork or a retry may still append. */
  readonly isTerminal: boolean
  readonly events: LoggedEvent[]
}

type JobRow = { id: string; jobTenantId: string; jobStatus: JobStatus; lastSeq: number }
type JoinedRow = JobRow & { place: number } & (EventRow | { seq: null })

const MAX_SEQ = 2_147_483_647

/** Throws InvalidInputError unless `after` can be a place in a job's log. */
export function checkSeq(after: number): void {
  if (Number.isInteger(after) && after >= 0 && after <= MAX_SEQ) return
  throw new InvalidInputError('after', `after must be the seq of an event, or 0 for all of them, not ${after}.`)
}

/** The first `limit` events after seq `after`, in order; null where there is no such job. */
export async function readJobEvents(
  db: Queryable,
  jobId: string,
  after: number,
  limit: number,
): Promise<JobLog | null> {
  const { rows } = await db.query<JoinedRow>(sql`
    select 1 as place, j.id, j.tenant_id as "jobTenantId", j.status as "jobStatus", j.event_seq as "lastSeq", ${eventColumns}
    from job j
    left join lateral (
      select * from job_event where job_id = j.id and seq > ${after}::int4 order by seq limit ${limit}::int4
    ) e on true
    where j.id = ${jobId}::uuid
    order by e.seq`)
  return toLogs(rows, 1)[0] ?? null
}

/**
 * The newest events of many jobs in one statement, in the order of `wanted`: of each those after its `after`, the last
 * `limit` at most; null where there is no such job. One job may be asked for more than once.
 */
export async function readNewestEvents(
  db: Queryable,
  wanted: readonly { jobId: string; after: number }[],
  limit: number,
): Promise<(JobLog | null)[]> {
  const ids = wanted.map(({ jobId }) => jobId)
  const afters = wanted.map(({ after }) => after)
  const { rows } = await db.query<JoinedRow>(sql`
    select wanted.place::int, j.id, j.tenant_id as "jobTenantId", j.status as "jobStatus", j.event_seq as "lastSeq",
      ${eventColumns}
    from unnest(${ids}::uuid[], ${afters}::int4[]) with ordinality as wanted (id, after, place)
    join job j on j.id = wanted.id
    left join lateral (
      select * from job_event
      where job_id = j.id and seq > greatest(wanted.after, j.event_seq - ${limit}::int4)
    ) e on true
    order by wanted.place, e.seq`)
  return toLogs(rows, wanted.length)
}

/** The logs of the first `count` places; rows count them from 1. */
function toLogs(rows: readonly JoinedRow[], count: number): (JobLog | null)[] {
  const logs = new Array<JobLog | null>(count).fill(null)
  for (const row of rows) {
    const isTerminal = row.jobStatus !== 'QUEUED' && row.jobStatus !== 'RUNNING'
    const job = { jobId: row.id, tenantId: row.jobTenantId, lastSeq: row.lastSeq, isTerminal }
    const log = logs[row.place - 1] ?? { ...job, events: [] }
    logs[row.place - 1] = log
    if (row.seq !== null) log.events.push(toLoggedEvent(row))
  }
  return logs
}
