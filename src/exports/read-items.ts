import { readContents } from '../datasets/sample-content.ts'
import type { Db } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { sql } from '../sql.ts'
import { copyTrajectoryRecords } from '../trajectories/trajectory-record.ts'
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

const ITEMS_A_PAGE = 500
// While one is hashed and written, PostgreSQL already reads the next.
const PAGES_AHEAD = 2

/** Pages in the order of position; the next ones are read while one is worked off. Samples of deleted trajectories are missing. */
export async function* readItems(
  db: Db,
  source: ItemSource,
  from: number,
): AsyncGenerator<ExportItem[], void, undefined> {
  const ahead: Promise<ExportItem[]>[] = []
  for (let next: number | null = from; ; ) {
    while (next !== null && ahead.length < PAGES_AHEAD) {
      const last: number | null = await findEnd(db, source, next)
      if (last !== null) {
        const page = readPage(db, source, { from: next, to: last })
        page.catch(() => {}) // thrown where it is awaited
        ahead.push(page)
      }
      next = last === null ? null : last + 1
    }
    const page = ahead.shift()
    if (!page) return
    yield await page
  }
}

/** The position of the last sample of the page that begins there; null: there is none. */
async function findEnd(db: Db, { versionId, split }: ItemSource, from: number): Promise<number | null> {
  const { rows } = await db.query<{ last: number | null }>(sql`
    select max(position) as last from (
      select position from dataset_sample
      where version_id = ${versionId}::uuid and split = ${split} and position >= ${from}::int
      order by position limit ${ITEMS_A_PAGE}::int) as page`)
  return rows[0]?.last ?? null
}

type Range = { from: number; to: number }

async function readPage(db: Db, source: ItemSource, { from, to }: Range): Promise<ExportItem[]> {
  const { versionId, split, recipe, asOf, asLines } = source
  const samples = sql`
    select * from dataset_sample where version_id = ${versionId}::uuid and split = ${split}
      and position between ${from}::int and ${to}::int`
  return await db.transaction<ExportItem[]>(tx =>
    asLines ? copyTrajectoryRecords(tx, samples, asOf) : readContents(tx, { kind: recipe, asOf }, samples),
  )
}
