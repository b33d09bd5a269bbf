import type { Db } from '../../src/db.ts'
import type { EventFeed } from '../../src/events/event-feed.ts'
import type { EventStream } from '../../src/events/event-stream.ts'
import { loadFinishedPage } from '../../src/trajectories/load-finished-page.ts'
import type { FinishedTrajectory } from '../../src/trajectories/read-finished.ts'
import type { TrajectoryFilter } from '../../src/trajectories/trajectory-filter.ts'
import { until, within } from './until.ts'

const LIMIT_MS = 30_000

/** Each as its job and the number of its last event. */
export const namesOf = (items: readonly { jobId: string; seq: number }[]): string[] =>
  items.map(({ jobId, seq }) => `${jobId} ${seq}`)

/** The names of what there is (with this tag), in the order of commits. */
export async function readStored(db: Db, tenantId: string, tag: string | null = null): Promise<string[]> {
  const { rows } = await db.query<{ jobId: string; seq: number }>(
    `select job_id as "jobId", seq from trajectory where tenant_id = $1 and ($2::text is null or $2 = any(tags))
     order by epoch, xid, job_id`,
    [tenantId, tag],
  )
  return namesOf(rows)
}

/** The next so many of a stream. */
export async function take(stream: EventStream<FinishedTrajectory>, count: number): Promise<FinishedTrajectory[]> {
  const items: FinishedTrajectory[] = []
  while (items.length < count) {
    const { value } = await within(`trajectory ${items.length + 1} of ${count}`, stream.next(), LIMIT_MS)
    if (!value) throw new Error('The stream ended.')
    items.push(value)
  }
  return items
}

/** How to read: `cuts` are the sizes of its connections or pages, in turn; it is done with the end of `lastJob`. */
export type FinishedReader = {
  tenantId: string
  filter: TrajectoryFilter
  after: string
  cuts: readonly number[]
  lastJob: string
}

/** Follows over one connection after another, each through the next of the `feeds`. */
export async function readToEnd(
  feeds: readonly EventFeed[],
  { tenantId, filter, after, cuts, lastJob }: FinishedReader,
): Promise<FinishedTrajectory[]> {
  const seen: FinishedTrajectory[] = []
  for (let connection = 0; ; connection++) {
    const feed = feeds[connection % feeds.length]
    if (!feed) throw new Error('There is no feed.')
    const stream = await feed.followFinished({ tenantId, filter, after: seen.at(-1)?.cursor ?? after })
    for (let left = cuts[connection % cuts.length] ?? 1; left > 0; left--) {
      seen.push(...(await take(stream, 1)))
      if (seen.at(-1)?.jobId !== lastJob) continue
      await stream.return()
      return seen
    }
    await stream.return()
  }
}

/** The same by pages. */
export async function pageToEnd(
  db: Db,
  { tenantId, filter, after, cuts, lastJob }: FinishedReader,
): Promise<FinishedTrajectory[]> {
  const seen: FinishedTrajectory[] = []
  let cursor = after
  const isOver = async () => {
    const first = cuts[seen.length % cuts.length] ?? 1
    const page = await loadFinishedPage(db, { tenantId, filter, after: cursor, first })
    seen.push(...page.items)
    cursor = page.endCursor
    return seen.at(-1)?.jobId === lastJob
  }
  await until('the last has been read', isOver, LIMIT_MS)
  return seen
}
