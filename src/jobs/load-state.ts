import type { Queryable } from '../db.ts'
import type { LoopRound, LoopState } from '../loop/round.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { JobRow } from './job-row.ts'

/** A stored round as the loop sees it, with the picture it made and the error it failed with. */
export type StoredRound = LoopRound & {
  imageId: string | null
  errorCode: string | null
  errorMessage: string | null
  errorIsRetryable: boolean | null
}

/** What a decision is made from. Needs the job's lock, so that nothing of it can change before the decision is written. */
export type LoadedState = Omit<LoopState, 'rounds'> & { rounds: StoredRound[] }

/** The job's rounds with the thinker's critique of each. */
export async function loadState(tx: Queryable, job: JobRow): Promise<LoadedState> {
  return toState(job, await loadRounds(tx, job.id))
}

/** The state of a job with these rounds. */
export function toState(
  job: Pick<
    JobRow,
    'settings' | 'instruction' | 'runEditorSeconds' | 'runThinkerTokens' | 'isPastDeadline' | 'baseSeed'
  >,
  rounds: StoredRound[],
): LoadedState {
  return {
    settings: job.settings,
    instruction: job.instruction,
    // A fork's first round is written with the job, so its own start is never asked for again.
    start: null,
    rounds,
    editorSeconds: job.runEditorSeconds,
    thinkerTokens: job.runThinkerTokens,
    isPastDeadline: job.isPastDeadline,
    baseSeed: job.baseSeed,
  }
}

async function loadRounds(tx: Queryable, jobId: string): Promise<StoredRound[]> {
  const { rows } = await tx.query<StoredRound>(
    sql`${selectRounds} where r.job_id = ${jobId}::uuid order by ${roundOrder}`,
  )
  return rows
}

/** StoredRounds of round `r`, to be narrowed to a job's. */
export const selectRounds: SqlStatement = sql`
  select r.id, r.index, r.candidate, r.parent_id as "parentId", r.status, r.image_id is not null as "hasImage",
    r.prompt, r.prompt_source as "promptSource", r.seed, r.image_id as "imageId",
    r.error_code as "errorCode", r.error_message as "errorMessage", r.error_is_retryable as "errorIsRetryable",
    case when c.id is not null then jsonb_build_object('semantic', c.semantic, 'quality', c.quality,
      'isSatisfied', c.is_satisfied, 'refinedPrompt', c.refined_prompt, 'errorCode', c.error_code) end as critique
  from round r left join critique c on c.round_id = r.id and c.source = 'THINKER'`

/** The order in which the loop sees them. */
export const roundOrder: SqlStatement = sql`r.index, r.candidate`
