// A filter that the index of the order decides is left to the planner: it walks that index or searches by another, and even a
// walk from end to end takes no longer than a sort. Any other filter's page is looked for among the next rows of its order
// first, where a filter that holds often is done at once, and farther along it while that promises to be enough; else by the
// filter's own indexes, and what they find is put in order. So no page reads the rows of a tenant from end to end: what holds
// rarely, or far from the page's place, costs one search, however wrong the planner's guess is.

import type { Db } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { type PlannedRead, planByValues } from './plan-by-values.ts'
import { isBefore, type TrajectoryFilter, toCondition } from './trajectory-filter.ts'
import { orderColumns, type TrajectoryOrder, type TrajectoryPlace } from './trajectory-order.ts'

/** How many rows along the order are tried first, and how many at most. */
const NEAR_ROWS = 500
const FAR_ROWS = 5_000
/** For how many pages a walk along the whole order must pay. */
const WALK_PAGES = 100

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
  const rows = await planByValues(db, read =>
    page.asOf === null && isOfOrders(page.filter) ? read<PlaceRow>(walk(page)) : search(page, read),
  )
  return rows.map(({ jobId, value }) => ({ jobId, value: Number(value) }))
}

async function search(page: TrajectoryPage, read: PlannedRead): Promise<PlaceRow[]> {
  const { limit } = page
  const near = await read<PlaceRow>(along(page, NEAR_ROWS))
  if (near.length >= limit) return near
  // Twice as far as it takes where the filter holds as often from here on.
  const isPromising = near.length * FAR_ROWS >= 2 * limit * NEAR_ROWS
  const far = isPromising ? await read<PlaceRow>(along(page, FAR_ROWS)) : []
  return far.length >= limit ? far : await read<PlaceRow>(anywhere(page))
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
  const { direction } = orderOf(page)
  // The offset keeps the planner from walking the order here as well.
  return sql`
    select t.job_id as "jobId", t.place as value from (${selected(page)} offset 0) as t
    order by t.place ${direction}, t.job_id ${direction}
    limit ${page.limit}::int`
}

/** Planned for as many pages as here, a walk is chosen only where the filter holds often; it ends with the first page. */
function walk(page: TrajectoryPage): SqlStatement {
  const { column, direction } = orderOf(page)
  return sql`
    with t as materialized (
      ${selected(page)} order by ${column} ${direction}, t.job_id ${direction} limit ${WALK_PAGES * page.limit}::int
    )
    select t.job_id as "jobId", t.place as value from t limit ${page.limit}::int`
}

function selected(page: TrajectoryPage): SqlStatement {
  return sql`
    select t.job_id, ${orderColumns[page.order.field].column} as place from trajectory t
    where ${isSelected(page)} and ${isOnward(page)}`
}

// What the index of every order has in it.
const inOrders: ReadonlySet<string> = new Set<keyof TrajectoryFilter>([
  'stopReason',
  'finishedAfter',
  'finishedBefore',
  'rounds',
  'firstOverall',
  'bestOverall',
  'lastOverall',
  'gain',
  'variance',
])

/** Whether an index of an order can tell of each of its rows whether the filter holds, without reading the row. */
function isOfOrders({ and = [], ...conditions }: TrajectoryFilter): boolean {
  return Object.keys(conditions).every(name => inOrders.has(name)) && and.every(isOfOrders)
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
