import { readContents } from '../datasets/sample-content.ts'
import type { Db } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { sql } from '../sql.ts'
import { readTrajectoryRecords } from '../trajectories/trajectory-record.ts'
import type { ExportItem } from './export-format.ts'
import type { kindOfRecipe } from './export-row.ts'

/** The samples of a version's split from a position on. */
export type ItemSource = {
  versionId: string
  recipe: keyof typeof kindOfRecipe
  asOf: EventPosition
  split: string
  /** Trajectories as lines of `pentimento-trajectories`. */
  asLines: boolean
}

const ITEMS_A_PAGE = 200

/** Pages in the order of position; the next is read while one is worked off. Samples of deleted trajectories are missing. */
export async function* readItems(
  db: Db,
  source: ItemSource,
  from: number,
): AsyncGenerator<ExportItem[], void, undefined> {
  let next = readPage(db, source, from)
  next.catch(() => {}) // thrown where it is awaited
  for (;;) {
    const { items, last } = await next
    if (last === null) return
    next = readPage(db, source, last + 1)
    next.catch(() => {})
    yield items
  }
}

async function readPage(
  db: Db,
  source: ItemSource,
  from: number,
): Promise<{ items: ExportItem[]; last: number | null }> {
  const { versionId, split, recipe, asOf } = source
  const { rows } = await db.query<{ last: number | null }>(sql`
    select max(position) as last from (
      select position from dataset_sample
      where version_id = ${versionId}::uuid and split = ${split} and position >= ${from}::int
      order by position limit ${ITEMS_A_PAGE}::int) as page`)
  const last = rows[0]?.last ?? null
  if (last === null) return { items: [], last }
  if (source.asLines)
    return { items: await readTrajectoryRecords(db, { versionId, split, from, to: last, asOf }), last }
  const items = await db.transaction(tx =>
    readContents(
      tx,
      { kind: recipe, asOf },
      sql`select * from dataset_sample where version_id = ${versionId}::uuid and split = ${split}
        and position between ${from}::int and ${last}::int`,
    ),
  )
  return { items, last }
}
