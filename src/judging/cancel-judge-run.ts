import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import { JudgeRunFinishedError } from './errors.ts'
import { type JudgeRunStatus, tellJudgeRun } from './judge-run-row.ts'

const STEP = 500

/**
 * Ends a judge run: what waits is not asked, what is being asked is aborted (within a second, by NOTIFY 'cancel', else by
 * the heartbeat), the answers that are there stay. Again: changes nothing. Throws NotFoundError for a foreign run,
 * JudgeRunFinishedError for one that is done.
 */
export async function cancelJudgeRun(db: Db, target: { tenantId: string; judgeRunId: string }): Promise<void> {
  const { tenantId, judgeRunId } = target
  // From its commit on nothing is queued for the run any more: whoever does that holds the row.
  const { rows } = await db.query<{ status: JudgeRunStatus }>(sql`
    with canceled as (
      update judge_run set status = 'CANCELED', finished_at = clock_timestamp()
      where id = ${judgeRunId}::uuid and tenant_id = ${tenantId}::uuid and status = 'RUNNING'
      returning status
    )
    select status from canceled
    union all select status from judge_run
      where id = ${judgeRunId}::uuid and tenant_id = ${tenantId}::uuid and not exists (select from canceled)`)
  const status = rows[0]?.status
  if (status === undefined) throw new NotFoundError('judgeRunId', 'judge run')
  if (status === 'RUNNING') return await cancelJudgeRun(db, target) // it ended while this waited
  if (status === 'DONE') throw new JudgeRunFinishedError()
  await tellJudgeRun(db, judgeRunId)
  while ((await cancelTasks(db, judgeRunId)) > 0);
  await db.query(sql`
    update task set is_abort_asked = true
    where id in (select id from task where judge_run_id = ${judgeRunId}::uuid and state = 'LEASED' order by id for update)`)
  await db.query(sql`select pg_notify('cancel', ${judgeRunId})`)
}

/** Those that nobody holds; how many of a step they were. */
async function cancelTasks(db: Db, judgeRunId: string): Promise<number> {
  const { rowCount } = await db.query(sql`
    with waiting as (
      select id from task
      where judge_run_id = ${judgeRunId}::uuid and state in ('READY', 'DELAYED')
      order by id limit ${STEP}::int for update
    )
    update task set state = 'CANCELED', ended_at = clock_timestamp() from waiting where task.id = waiting.id`)
  return rowCount
}
