import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../../src/db.ts'
import { type NewJob, startJobs } from '../../src/jobs/start-jobs.ts'
import { fakeEditorModel, fakeThinkerModel } from '../../test/support/worker-setup.ts'
import { instantJob } from './instant-engines.ts'
import { toPrompt } from './model-times.ts'

/** `turns`: the order of our queue. `fifo`: stages start in the order in which they became ready. */
export type Order = 'turns' | 'fifo'

/** One job: how many rounds it makes, and when it is submitted, in seconds from the start. */
export type PlannedJob = { rounds: number; atSecond: number }

/** How a run ended; times in seconds. `faults`: jobs that did not succeed with just the rounds they should have. */
export type FleetRun = { makespan: number; latencies: number[]; faults: number; longestAttempt: number }

/** Submits the jobs when they are due, waits for all of them and reads from the database how it went. */
export async function runJobs(
  db: Db,
  run: { tenantId: string; sourceId: string; jobs: readonly PlannedJob[]; order: Order; label: string },
): Promise<FleetRun> {
  const { tenantId, jobs, order, label } = run
  await useOrder(db, order)
  const startedAt = performance.now()
  const left = jobs.map((job, number) => ({ ...job, number }))
  while (left.length > 0) {
    const elapsed = (performance.now() - startedAt) / 1_000
    const due = left.filter(job => job.atSecond <= elapsed).slice(0, MAX_BATCH)
    left.splice(0, due.length)
    if (due.length > 0)
      await submit(
        db,
        tenantId,
        due.map(job => toJob(run, job)),
      )
    else await sleep(10)
  }
  while ((await countUnfinished(db, label)) > 0) await sleep(100)
  await useOrder(db, 'turns')
  return readRun(db, run)
}

const MAX_BATCH = 500

function toJob(run: { sourceId: string; label: string }, job: PlannedJob & { number: number }): NewJob {
  return {
    ...instantJob(run.sourceId, { maxRounds: job.rounds }),
    ...{ editor: fakeEditorModel, thinker: fakeThinkerModel, batch: run.label, metadata: { rounds: job.rounds } },
    instruction: toPrompt(job.number, 1),
  }
}

async function submit(db: Db, tenantId: string, jobs: readonly NewJob[]): Promise<void> {
  const outcomes = await startJobs(db, { tenantId }, jobs)
  for (const outcome of outcomes) if (typeof outcome !== 'string') throw outcome
}

// Of one tenant's tasks the higher priority goes first, so a number that falls with each task makes a plain FIFO of it.
async function useOrder(db: Db, order: Order): Promise<void> {
  await db.query('drop trigger if exists bench_fifo on task')
  if (order === 'turns') return
  await db.query(`
    create sequence if not exists bench_fifo_place;
    select setval('bench_fifo_place', 1);
    create or replace function bench_fifo() returns trigger language plpgsql as $$
    begin
      new.priority := 32000 - nextval('bench_fifo_place');
      return new;
    end $$;
    create trigger bench_fifo before insert on task for each row execute function bench_fifo()`)
}

async function countUnfinished(db: Db, label: string): Promise<number> {
  const { rows } = await db.query<{ jobs: number }>(
    'select count(*)::int as jobs from job where batch = $1 and finished_at is null',
    [label],
  )
  return rows[0]?.jobs ?? Number.NaN
}

async function readRun(db: Db, { jobs, label }: { jobs: readonly PlannedJob[]; label: string }): Promise<FleetRun> {
  const { rows } = await db.query<{ seconds: number; ended: number; isGood: boolean }>(
    `select extract(epoch from finished_at - created_at)::float8 as seconds,
       extract(epoch from finished_at - min(created_at) over ())::float8 as ended,
       status = 'SUCCEEDED' and stop_reason = 'MAX_ROUNDS' and (metadata ->> 'rounds')::int = all (array[
         (select count(*) from round r where r.job_id = job.id and r.status = 'CRITIQUED'),
         (select count(*) from round r where r.job_id = job.id),
         (select count(*) from round r join critique c on c.round_id = r.id where r.job_id = job.id)]) as "isGood"
     from job where batch = $1`,
    [label],
  )
  const { rows: attempts } = await db.query<{ longest: number }>(
    `select max(extract(epoch from a.ended_at - a.started_at))::float8 as longest
     from attempt a join task t on t.id = a.task_id join job j on j.id = t.job_id where j.batch = $1`,
    [label],
  )
  return {
    makespan: Math.max(...rows.map(row => row.ended)),
    latencies: rows.map(row => row.seconds),
    faults: rows.filter(row => !row.isGood).length + Math.abs(jobs.length - rows.length),
    longestAttempt: attempts[0]?.longest ?? Number.NaN,
  }
}
