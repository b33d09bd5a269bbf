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
  const { rows } = await db.query<VersionDiff>(sql`
    with removed as (
      select ${form ? isGone(form.asOf) : sql`false`} as is_gone
      from dataset_sample s
      where s.version_id = ${from}::uuid and s.hash not in (
        select hash from dataset_sample where version_id = ${to}::uuid)
    ), told as (
      select s.hash in (select hash from dataset_sample where version_id = ${from}::uuid) as is_kept
      from dataset_sample s where s.version_id = ${to}::uuid
    )
    select (select count(*) from told where not is_kept) as added, (select count(*) from told where is_kept) as kept,
      (select count(*) from removed) as removed, (select count(*) from removed where is_gone) as "removedByDeletion"`)
  return rows[0] ?? { added: 0, removed: 0, kept: 0, removedByDeletion: 0 }
}
