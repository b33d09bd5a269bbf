import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

const BATCH = 500

/**
 * Makes tasks whose back-off has passed ready again and wakes their queues. `nextRunAt`: when the next one is due.
 * Any number of processes may call it at once; each task is woken by one of them.
 */
export async function wakeDelayed(db: Db): Promise<{ woken: number; nextRunAt: Date | null }> {
  const { rows } = await db.query<{ woken: number; nextRunAt: Date | null }>(sql`
    with due as (
      select id from task where state = 'DELAYED' and run_at <= clock_timestamp()
      order by id limit ${BATCH}::int for update skip locked
    ), woken as (
      update task set state = 'READY' from due where task.id = due.id returning task.queue
    ), told as (
      select pg_notify('task', queue) from (select distinct queue from woken) as q
    )
    select (select count(*) from woken) as woken, (select count(*) from told) as told,
      (select min(run_at) from task where state = 'DELAYED' and run_at > clock_timestamp()) as "nextRunAt"`)
  return rows[0] ?? { woken: 0, nextRunAt: null }
}
