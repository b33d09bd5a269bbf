import type { Tx } from '../db.ts'
import { commaList, type SqlStatement, sql } from '../sql.ts'
import type { NewTask } from './task.ts'

/**
 * Queues the tasks in the caller's transaction and wakes the workers at its commit. A task that is there already, by
 * (job, run, stage, index, candidate, call, judge run), is left as it is: a second delivery changes nothing.
 */
export async function enqueueTasks(tx: Tx, tasks: readonly NewTask[]): Promise<void> {
  if (tasks.length === 0) return
  await tx.query(sql`with ${taskParts(tasks)} ${wakeWorkers}`)
}

/**
 * The same (for at least one task) as parts of a larger `with`, to which `wakeWorkers` belongs as (one of) its selects.
 * A few tasks are written out one by one, so that the plan is made for few. None are queued where `when` does not hold.
 */
export function taskParts(tasks: readonly NewTask[], when: SqlStatement = sql`true`): SqlStatement {
  return sql`
    new_task ("id", "tenantId", "jobId", "run", "stage", "roundIndex", "candidate", "call", "roundId",
      "judgeRunId", "queue", "priority", "boost", "isFirst") as (
      select planned.* from (
        ${tasks.length <= FEW ? sql`values ${commaList(tasks.map(toRow))}` : selectRows(tasks)}
      ) as planned where ${when}
    ), queue_row as (
      insert into queue_clock (queue) select distinct queue from new_task on conflict do nothing
    ), tenant_row as (
      insert into tenant_clock (queue, tenant_id) select distinct queue, "tenantId" from new_task on conflict do nothing
    ), inserted_task as (
      insert into task (id, tenant_id, job_id, run, stage, round_index, candidate, call, round_id, judge_run_id,
        queue, priority, boost, is_first)
      select "id", "tenantId", "jobId", "run", "stage"::stage, "roundIndex", "candidate", "call", "roundId",
        "judgeRunId", "queue", "priority", "boost", "isFirst"
      from new_task
      on conflict (job_id, run, stage, round_index, candidate, call, judge_run_id) do nothing
      returning queue
    )`
}

const FEW = 8

function toRow(task: NewTask): SqlStatement {
  return sql`(${task.id}::uuid, ${task.tenantId}::uuid, ${task.jobId}::uuid, ${task.run}::int, ${task.stage}::text,
    ${task.roundIndex}::int, ${task.candidate}::int, ${task.call}::int, ${task.roundId}::uuid, ${task.judgeRunId}::uuid,
    ${task.queue}::text, ${task.priority}::smallint, ${task.boost}::smallint, ${task.isFirst}::boolean)`
}

function selectRows(tasks: readonly NewTask[]): SqlStatement {
  return sql`
    select * from jsonb_to_recordset(${JSON.stringify(tasks)}::jsonb) as t(
      "id" uuid, "tenantId" uuid, "jobId" uuid, "run" int, "stage" text, "roundIndex" int, "candidate" int,
      "call" int, "roundId" uuid, "judgeRunId" uuid, "queue" text, "priority" smallint, "boost" smallint, "isFirst" boolean)`
}

/** Postgres sends one notification for each queue, however many tasks and selects name it. */
export const wakeWorkers: SqlStatement = sql`
  select pg_notify('task', queue) from (select distinct queue from inserted_task) as woken`
