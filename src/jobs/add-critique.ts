import { v7 } from 'uuid'
import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { appendEvents } from '../events/append-event.ts'
import { overallScore } from '../loop/score.ts'
import { sql } from '../sql.ts'
import { lockJob } from './job-row.ts'

/** A person's judgement of a round; at least one field is given (checked at the edge). Scores 0-10. */
export type Feedback = {
  roundId: string
  semantic: number | null
  quality: number | null
  isSatisfied: boolean | null
  reasoning: string | null
  refinedPrompt: string | null
}

/** Appends a HUMAN critique; it never changes the job's course. Returns its id; NotFoundError for a foreign round. */
export async function addCritique(
  db: Db,
  author: { tenantId: string; keyName: string },
  feedback: Feedback,
): Promise<string> {
  const { rows } = await db.query<{ jobId: string }>(sql`
    select job_id as "jobId" from round where id = ${feedback.roundId}::uuid`)
  const jobId = rows[0]?.jobId
  return await db.transaction(async tx => {
    const job = jobId === undefined ? null : await lockJob(tx, jobId, author.tenantId)
    if (job === null) throw new NotFoundError('roundId', 'round')
    const critiqueId = v7()
    const { semantic, quality, isSatisfied, reasoning, refinedPrompt, roundId } = feedback
    await tx.query(sql`
      insert into critique (id, round_id, source, by, semantic, quality, overall, is_satisfied, reasoning, refined_prompt)
      values (${critiqueId}::uuid, ${roundId}::uuid, 'HUMAN', ${author.keyName}, ${semantic}::float8, ${quality}::float8,
        ${overallScore(semantic, quality)}::float8, ${isSatisfied}::boolean, ${reasoning}, ${refinedPrompt})`)
    await appendEvents(tx, job.id, [{ type: 'CRITIQUE_ADDED', roundId, critiqueId }])
    return critiqueId
  })
}
