import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import { isGone } from './as-of.ts'
import { readForm } from './read-samples.ts'

/** How many samples of `to` are new, are gone from `from`, and are in both; told apart by the hash of what they say. */
export type VersionDiff = {
  added: number
  removed: number
  kept: number
  /** Of the removed those whose trajectory was deleted; the others the recipe or the filter chose no more. */
  removedByDeletion: number
}

/** Both versions are READY ones of the same tenant: the caller's to check. */
export async function diffVersions(db: Queryable, { from, to }: { from: string; to: string }): Promise<VersionDiff> {
  const form = await readForm(db, from)
  // `exists` is joined whatever the size; `in` compares each with all once the hashes outgrow work_mem, at some 100,000.
  const isIn = (version: string) => sql`exists (
    select from dataset_sample o where o.version_id = ${version}::uuid and o.hash = s.hash)`
  const { rows } = await db.query<VersionDiff>(sql`
    with removed as (
      select ${form ? isGone(form.asOf) : sql`false`} as is_gone
      from dataset_sample s where s.version_id = ${from}::uuid and not ${isIn(to)}
    )
    select (select count(*) from dataset_sample s where s.version_id = ${to}::uuid and not ${isIn(from)}) as added,
      (select count(*) from dataset_sample s where s.version_id = ${to}::uuid and ${isIn(from)}) as kept,
      (select count(*) from removed) as removed, (select count(*) from removed where is_gone) as "removedByDeletion"`)
  return rows[0] ?? { added: 0, removed: 0, kept: 0, removedByDeletion: 0 }
}
