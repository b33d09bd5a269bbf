// A page is looked for among the next rows of its order first, where a filter that holds often is done at once, and farther
// along it while that promises to be enough; else by the filter's own indexes, and what they find is put in order. So no
// filter makes a page walk the order from end to end: what holds rarely, or far from the page's place, costs one search,
// however wrong the planner's guess is.

import type { Db } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { planByValues } from './plan-by-values.ts'
import { isBefore, type TrajectoryFilter, toCondition } from './trajectory-filter.ts'
import { orderColumns, type TrajectoryOrder, type TrajectoryPlace } from './trajectory-order.ts'

/** How many rows along the order are tried first, and how many at most. */
const NEAR_ROWS = 500
const FAR_ROWS = 5_000

/** Of which trajectories: a tenant's that match, as they were at `asOf`; null: as they are. */
export type TrajectorySelection = {
  readonly tenantId: string
  readonly filter: TrajectoryFilter
  readonly asOf: EventPosition | null
}

/** A page of a selection: at most `limit` places of its order. */
export type TrajectoryPage = TrajectorySelection & {
  readonly order: TrajectoryOrder
  /** The place that the page begins after; null: the start. */
  readonly after: TrajectoryPlace | null
  readonly limit: number
}

/** The places of a page, by keyset: stable while others are written, and the thousandth page costs what the first does. */
export async function listTrajectories(db: Db, page: TrajectoryPage): Promise<TrajectoryPlace[]> {
  const { limit } = page
  return await planByValues(db, async read => {
    let rows = await read<PlaceRow>(along(page, NEAR_ROWS))
    // Twice as far as it takes where the filter holds as often from here on.
    const isPromising = rows.length * FAR_ROWS >= 2 * limit * NEAR_ROWS
    if (rows.length < limit && isPromising) rows = await read<PlaceRow>(along(page, FAR_ROWS))
    if (rows.length < limit) rows = await read<PlaceRow>(anywhere(page))
    return rows.map(({ jobId, value }) => ({ jobId, value: Number(value) }))
  })
}

/** How many match. */
export async function countTrajectories(db: Db, selection: TrajectorySelection): Promise<number> {
  return await planByValues(db, async read => {
    const [row] = await read<{ count: number }>(sql`
      select count(*) as count from trajectory t where ${isSelected(selection)}`)
    return row?.count ?? 0
  })
}

/** Whether `trajectory t` is of the selection. */
export function isSelected({ tenantId, filter, asOf }: TrajectorySelection): SqlStatement {
  const ended = asOf === null ? sql`true` : isBefore(asOf)
  return sql`t.tenant_id = ${tenantId}::uuid and ${ended} and ${toCondition(filter, asOf)}`
}

type PlaceRow = { jobId: string; value: number | Date }

function along(page: TrajectoryPage, rows: number): SqlStatement {
  const { column, direction } = orderOf(page)
  return sql`
    select t.job_id as "jobId", t.place as value from (
      select t.*, ${column} as place from trajectory t
      where t.tenant_id = ${page.tenantId}::uuid and ${isOnward(page)}
      order by ${column} ${direction}, t.job_id ${direction}
      limit ${rows}::int) as t
    where ${isSelected(page)}
    order by t.place ${direction}, t.job_id ${direction}
    limit ${page.limit}::int`
}

function anywhere(page: TrajectoryPage): SqlStatement {
  const { column, direction } = orderOf(page)
  // The offset keeps the planner from walking the order here as well.
  return sql`
    select t.job_id as "jobId", t.place as value from (
      select t.job_id, ${column} as place from trajectory t
      where ${isSelected(page)} and ${isOnward(page)}
      offset 0) as t
    order by t.place ${direction}, t.job_id ${direction}
    limit ${page.limit}::int`
}

/** Whether `trajectory t` is in the order at all, and comes after the page's place. */
function isOnward(page: TrajectoryPage): SqlStatement {
  const { column, toBound } = orderColumns[page.order.field]
  if (page.after === null) return sql`${column} is not null`
  const { value, jobId } = page.after
  const beyond = page.order.direction === 'DESC' ? sql`<` : sql`>`
  return sql`(${column}, t.job_id) ${beyond} (${toBound(value)}, ${jobId}::uuid)`
}

function orderOf({ order }: TrajectoryPage): { column: SqlStatement; direction: SqlStatement } {
  return { column: orderColumns[order.field].column, direction: order.direction === 'DESC' ? sql`desc` : sql`asc` }
}
