import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import { isGone } from './as-of.ts'
import { readForm } from './read-samples.ts'
import type { Sample } from './sample.ts'

/** A sample's place and where it comes from, without what it says. */
export type SampleRow = Omit<Sample, 'content'> & { versionId: string; isDeleted: boolean }

/** Which samples of a version: behind a position, of one split, and of those that another version has or lacks. */
export type SampleList = {
  versionId: string
  after: number
  first: number
  split: string | null
  lackedBy: string | null
}

/** The samples in order, also those whose trajectory was deleted since, which say so. */
export async function listSamples(db: Queryable, list: SampleList): Promise<SampleRow[]> {
  const { versionId, after, first, split, lackedBy } = list
  const form = await readForm(db, versionId)
  if (form === null) return []
  const { rows } = await db.query<SampleRow>(sql`
    select s.position, s.hash, s.split, s.job_id as "jobId", s.round_id as "roundId", s.rejected_id as "rejectedId",
      s.critique_id as "critiqueId", s.version_id as "versionId", ${isGone(form.asOf)} as "isDeleted"
    from dataset_sample s
    where s.version_id = ${versionId}::uuid and s.position > ${after}::int
      ${split === null ? sql`` : sql`and s.split = ${split}`}
      ${
        lackedBy === null
          ? sql``
          : sql`and not exists (
              select from dataset_sample o where o.version_id = ${lackedBy}::uuid and o.hash = s.hash)`
      }
    order by s.position
    limit ${first}::int`)
  return rows
}
