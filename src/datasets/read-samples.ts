import type { Db, Queryable } from '../db.ts'
import { decodeEventCursor, type EventPosition } from '../events/event-cursor.ts'
import { sql } from '../sql.ts'
import type { Recipe } from './recipe.ts'
import type { Sample } from './sample.ts'
import { readContents } from './sample-content.ts'

/**
 * The samples of a READY version at the positions `from` <= position < `to`, in order, with what they say; those whose
 * trajectory was deleted since are missing. A few thousand at a time: all are in memory at once.
 */
export async function readSamples(
  db: Db,
  versionId: string,
  { from, to }: { from: number; to: number },
): Promise<Sample[]> {
  const form = await readForm(db, versionId)
  if (form === null) return []
  return await db.transaction(tx =>
    readContents(
      tx,
      form,
      sql`select * from dataset_sample
        where version_id = ${versionId}::uuid and position >= ${from}::int and position < ${to}::int`,
    ),
  )
}

/** The same for single positions. */
export async function readSamplesAt(db: Db, versionId: string, positions: readonly number[]): Promise<Sample[]> {
  const form = await readForm(db, versionId)
  if (form === null) return []
  return await db.transaction(tx =>
    readContents(
      tx,
      form,
      sql`select * from dataset_sample
        where version_id = ${versionId}::uuid and position = any(${positions}::int[])`,
    ),
  )
}

/** How a version's samples are read: by its recipe's kind, as its trajectories were at `asOf`. Null: no such version. */
export async function readForm(
  db: Queryable,
  versionId: string,
): Promise<{ kind: Recipe['kind']; asOf: EventPosition } | null> {
  const { rows } = await db.query<{ kind: Recipe['kind']; asOf: string }>(sql`
    select recipe ->> 'kind' as kind, as_of as "asOf" from dataset_version where id = ${versionId}::uuid`)
  return rows[0] ? { kind: rows[0].kind, asOf: decodeEventCursor(rows[0].asOf) } : null
}
