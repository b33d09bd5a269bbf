import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { appendEventsOfJobs } from '../events/append-event.ts'
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

/**
 * Appends a HUMAN critique; it never changes the job's course. It is by the reviewer that the key's owner names, else by
 * the key. Returns its id; NotFoundError for a foreign round.
 */
export async function addCritique(
  db: Db,
  author: { tenantId: string; keyName: string; reviewer?: string | null },
  feedback: Feedback,
): Promise<string> {
  const { rows } = await db.query<{ jobId: string }>(sql`
    select job_id as "jobId" from round where id = ${feedback.roundId}::uuid`)
  const jobId = rows[0]?.jobId
  return await db.transaction(async tx => {
    const job = jobId === undefined ? null : await lockJob(tx, jobId, author.tenantId)
    if (job === null) throw new NotFoundError('roundId', 'round')
    const [critiqueId] = await recordFeedback(tx, job.id, author.reviewer ?? author.keyName, [feedback])
    if (critiqueId === undefined) throw new Error('The critique was not written.')
    return critiqueId
  })
}

/** Appends HUMAN critiques of rounds of a job that the caller has locked, with their events. Their ids, in that order. */
export async function recordFeedback(
  tx: Tx,
  jobId: string,
  by: string,
  feedback: readonly Feedback[],
): Promise<string[]> {
  const critiques = feedback.map(given => ({
    ...given,
    critiqueId: v7(),
    overall: overallScore(given.semantic, given.quality),
  }))
  await tx.query(sql`
    insert into critique (id, round_id, source, by, semantic, quality, overall, is_satisfied, reasoning, refined_prompt)
    select "critiqueId", "roundId", 'HUMAN', ${by}, "semantic", "quality", "overall", "isSatisfied", "reasoning",
      "refinedPrompt"
    from jsonb_to_recordset(${JSON.stringify(critiques)}::jsonb) as c(
      "critiqueId" uuid, "roundId" uuid, "semantic" float8, "quality" float8, "overall" float8, "isSatisfied" boolean,
      "reasoning" text, "refinedPrompt" text)`)
  const events = critiques.map(({ critiqueId, roundId }) => ({ type: 'CRITIQUE_ADDED' as const, roundId, critiqueId }))
  await appendEventsOfJobs(tx, [{ jobId, events }])
  return critiques.map(({ critiqueId }) => critiqueId)
}
