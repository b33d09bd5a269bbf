import type { Db } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { tellJudgeRun } from './judge-run-row.ts'

/**
 * Ends a run whose last answer is there: all its tasks are made and none is left to do. Called after the commit that ended
 * a task, for of two that end at once neither sees the other before. Does nothing to any other run.
 */
export async function finishJudgeRun(db: Db, id: string): Promise<void> {
  await finish(db, sql`id = ${id}::uuid`)
}

/** The same for every run there is: those whose last tasks went with their job, or whose process was killed just then. */
export async function finishJudgeRuns(db: Db): Promise<void> {
  await finish(db, sql`true`)
}

// READY, DELAYED and LEASED come before DONE, and the least is the first of an index: asked whether such tasks exist,
// Postgres may well go through all that are done.
async function finish(db: Db, which: SqlStatement): Promise<void> {
  const { rows } = await db.query<{ id: string }>(sql`
    update judge_run set status = 'DONE', finished_at = clock_timestamp()
    where ${which} and status = 'RUNNING' and is_planned
      and coalesce((select min(state) from task where judge_run_id = judge_run.id), 'DONE') >= 'DONE'
    returning id`)
  for (const { id } of rows) await tellJudgeRun(db, id)
}
