import type { Tx } from '../db.ts'
import { sql } from '../sql.ts'
import type { JobRow } from './job-row.ts'

/** Adds what a thinker's answer cost to the job and to this run, in the row and in `job`. */
export async function spendTokens(tx: Tx, job: JobRow, tokens: number): Promise<void> {
  if (tokens === 0) return
  job.runThinkerTokens += tokens
  await tx.query(sql`
    update job set thinker_tokens = thinker_tokens + ${tokens}::int, run_thinker_tokens = run_thinker_tokens + ${tokens}::int
    where id = ${job.id}::uuid`)
}
