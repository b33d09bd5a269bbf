import { expect } from 'vitest'
import type { Queryable } from '../../src/db.ts'

/**
 * Every job of the tenant has ended with `rounds` rounds, each with one picture and one critique, every stage was done
 * once, and each log runs from JOB_QUEUED to JOB_FINISHED without a gap and tells each round once.
 */
export async function expectAllDoneOnce(db: Queryable, tenantId: string, want: { jobs: number; rounds: number }) {
  const { rows } = await db.query<{ rounds: string[]; status: string; seqs: number[]; types: string[]; done: number }>(
    `select j.status::text as status,
       (select array_agg(r.index || ' ' || r.status || ' ' || (r.image_id is not null)::text || ' ' ||
          (select count(*) from critique c where c.round_id = r.id) order by r.index) from round r where r.job_id = j.id) as rounds,
       (select count(*)::int from task t where t.job_id = j.id and t.state = 'DONE') as done,
       (select array_agg(e.seq::int order by e.seq) from job_event e where e.job_id = j.id) as seqs,
       (select array_agg(e.type::text order by e.seq) from job_event e where e.job_id = j.id and e.type <> 'STAGE_RETRYING') as types
     from job j where j.tenant_id = $1`,
    [tenantId],
  )
  const indexes = Array.from({ length: want.rounds }, (_, i) => i + 1)
  const ofRound = ['ROUND_STARTED', 'ROUND_EDITED', 'ROUND_CRITIQUED']
  expect(rows).toHaveLength(want.jobs)
  for (const { rounds, status, seqs, types, done } of rows) {
    expect({ status, rounds, done }).toEqual({
      ...{ status: 'SUCCEEDED', rounds: indexes.map(index => `${index} CRITIQUED true 1`), done: 2 * want.rounds },
    })
    expect(seqs).toEqual(seqs.map((_, i) => i + 1))
    expect(types).toEqual(['JOB_QUEUED', 'JOB_STARTED', ...indexes.flatMap(() => ofRound), 'JOB_FINISHED'])
  }
}
