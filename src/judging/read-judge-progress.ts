import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'
import type { JudgeRunStatus } from './judge-run-row.ts'

/**
 * How far a run is. `total`: the answers wanted, which still grows until `isPlanned`. Of a run that has ended, what is
 * neither answered nor failed was canceled or went with its job.
 */
export type JudgeProgress = {
  judgeRunId: string
  status: JudgeRunStatus
  isPlanned: boolean
  total: number
  answered: number
  failed: number
  tokens: number
}

/** By the run's id; a run that is not there (any more) is absent. `tenantId` narrows it to the caller's own. */
export async function readJudgeProgress(
  db: Queryable,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, JudgeProgress>> {
  const { rows } = await db.query<JudgeProgress>(sql`
    select run.id as "judgeRunId", run.status, run.is_planned as "isPlanned", run.total, counted.answered, counted.failed,
      counted.tokens
    from judge_run run cross join lateral (
      select count(*) filter (where error_code is null) as answered, count(*) filter (where error_code is not null) as failed,
        coalesce(sum(tokens), 0)::bigint as tokens
      from judge_answer where run_id = run.id) as counted
    where run.id = any(${[...ids]}::uuid[]) and run.tenant_id = ${tenantId}::uuid`)
  return new Map(rows.map(row => [row.judgeRunId, row]))
}
