import type { Queryable } from '../db.ts'
import { NIL_JOB } from '../events/event-cursor.ts'
import { readItem } from '../judging/judge-item.ts'
import { rubrics } from '../judging/rubric.ts'
import { sql } from '../sql.ts'
import type { BenchmarkName } from './benchmark.ts'
import type { JudgedRun } from './judged-run.ts'

/** An item of a run with what its judge wrote, as far as it has, and where its job stands. */
export type JudgedRunItem = JudgedRun['items'][number] & { jobId: string; status: string }

/** `judging`: the name of the judge runs whose answers are read. `after`: the job before the first wanted one. */
export type JudgedItemsPage = { label: string; judging: string; after: string | null; limit: number }

type Row = {
  jobId: string
  status: string
  benchmark: unknown
  best: number | null
  rounds: { round: number; answers: { call: number; raw: string | null }[] }[]
}

/**
 * Items of the batch in the order of their jobs' ids; jobs that are of no benchmark are left out. Of several candidates the
 * result counts, else the one with the highest score. Where several judge runs of the name asked the same, the newest
 * answer that could be read counts. `reached` null: that was all.
 */
export async function readJudgedItems(
  db: Queryable,
  tenantId: string,
  { label, judging, after, limit }: JudgedItemsPage,
): Promise<{ items: JudgedRunItem[]; reached: string | null }> {
  const { rows } = await db.query<Row>(sql`
    select job.id as "jobId", job.status, job.metadata -> 'benchmark' as benchmark,
      (select index from round where id = job.best_round_id and image_id is not null) as best,
      (select coalesce(jsonb_agg(jsonb_build_object('round', chosen.index, 'answers', (
          select coalesce(jsonb_agg(jsonb_build_object('call', given.call, 'raw', given.raw)), '[]')
          from (
            select distinct on (a.call) a.call, a.raw
            from judge_answer a join judge_run run on run.id = a.run_id
            where a.round_id = chosen.id and run.tenant_id = ${tenantId}::uuid and run.name = ${judging}
              and run.rubric = job.metadata #>> '{benchmark,name}'
            order by a.call, a.error_code is not null, run.id desc) as given
        )) order by chosen.index), '[]')
        from (
          select distinct on (round.index) round.id, round.index
          from round left join critique c on c.round_id = round.id and c.source = 'THINKER'
          where round.job_id = job.id and round.image_id is not null and (round.index > 0 or round.id = job.best_round_id)
          order by round.index, (round.id = job.best_round_id) desc nulls last, c.overall desc nulls last, round.candidate
        ) as chosen) as rounds
    from job
    where job.tenant_id = ${tenantId}::uuid and job.batch = ${label} and job.id > ${after ?? NIL_JOB}::uuid
    order by job.id limit ${limit}::int`)
  return { items: rows.flatMap(toItem), reached: rows.length < limit ? null : (rows.at(-1)?.jobId ?? null) }
}

function toItem({ jobId, status, benchmark, best, rounds }: Row): JudgedRunItem[] {
  const item = readItem(benchmark)
  if (item === null) return []
  const { name, key, taskType, language, facts } = item
  return [
    {
      ...{ jobId, status, key, taskType, language, facts, best },
      rounds: rounds.map(({ round, answers }) => ({
        round,
        answers: Object.fromEntries(answers.map(({ call, raw }) => [nameOf(name, call), raw])),
      })),
    },
  ]
}

function nameOf(benchmark: BenchmarkName, call: number): string {
  return rubrics.get(benchmark)?.calls[call - 1]?.name ?? String(call)
}
