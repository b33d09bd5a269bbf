import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import { isGone } from './as-of.ts'
import { readForm } from './read-samples.ts'

/** A job whose samples a version has no more. */
export type Deletion = { jobId: string; samples: number }

/** How many samples of a version are no more, because their trajectory was deleted or went on by a retry. */
export async function countDeleted(db: Queryable, versionId: string): Promise<number> {
  const form = await readForm(db, versionId)
  if (form === null) return 0
  const { rows } = await db.query<{ count: number }>(sql`
    select count(*) as count from dataset_sample s where s.version_id = ${versionId}::uuid and ${isGone(form.asOf)}`)
  return rows[0]?.count ?? 0
}

/** The same by job, in the order of its id: `first` of them after the job `after`. */
export async function listDeletions(
  db: Queryable,
  { versionId, first, after }: { versionId: string; first: number; after: string | null },
): Promise<Deletion[]> {
  const form = await readForm(db, versionId)
  if (form === null) return []
  const { rows } = await db.query<Deletion>(sql`
    select s.job_id as "jobId", count(*) as samples from dataset_sample s
    where s.version_id = ${versionId}::uuid and s.job_id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000') and ${isGone(form.asOf)}
    group by s.job_id order by s.job_id limit ${first}::int`)
  return rows
}
