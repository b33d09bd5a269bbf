import type { Queryable } from '../db.ts'
import type { ReviewKind } from '../generated/prisma/enums.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { measureIntervalAgreement, measureNominalAgreement } from './agreement.ts'

/** How far the reviewers of a queue agree so far; see agreement.ts. What its kind does not have is null. */
export type ReviewAgreement = {
  kind: ReviewKind
  /** Who answered at least once. */
  reviewers: number
  units: number
  pairs: number
  agreeingShare: number | null
  fleissKappa: number | null
  meanAbsoluteDifference: number | null
  alpha: number | null
}

const PAGE = 500

/**
 * PICK and PAIR: of the choices of each item, a round by its index and candidate or a side, a tie being a choice of its
 * own. SCORE: of the overall scores of each round. Null: the tenant has no such queue.
 */
export async function readReviewAgreement(
  db: Queryable,
  { tenantId, queueId }: { tenantId: string; queueId: string },
): Promise<ReviewAgreement | null> {
  const { rows } = await db.query<{ kind: ReviewKind; reviewers: number; last: number }>(sql`
    select q.kind, (
        select count(distinct r.reviewer) from review r join review_item i on i.id = r.item_id
        where i.queue_id = q.id and r.status = 'DONE') as reviewers,
      coalesce((select max(position) from review_item where queue_id = q.id), 0) as last
    from review_queue q where q.id = ${queueId}::uuid and q.tenant_id = ${tenantId}::uuid`)
  if (rows[0] === undefined) return null
  const { kind, reviewers, last } = rows[0]
  const none = { agreeingShare: null, fleissKappa: null, meanAbsoluteDifference: null }
  const measured =
    kind === 'SCORE'
      ? await measureIntervalAgreement(readUnits<number>(db, queueId, last, scores))
      : await measureNominalAgreement(readUnits<string>(db, queueId, last, choices))
  return { kind, reviewers, ...none, ...measured }
}

async function* readUnits<Value>(
  db: Queryable,
  queueId: string,
  last: number,
  answers: SqlStatement,
): AsyncGenerator<Value[]> {
  for (let from = 1; from <= last; from += PAGE) {
    const { rows } = await db.query<{ values: Value[] }>(sql`
      with answer as (${answers}
        where i.queue_id = ${queueId}::uuid and i.position >= ${from}::int and i.position < ${from + PAGE}::int
          and r.status = 'DONE'
      )
      select array_agg(value order by review_id) as values from answer
      where value is not null group by unit_id having count(*) > 1 order by unit_id`)
    for (const { values } of rows) yield values
  }
}

const choices = sql`
  select i.id as unit_id, r.id as review_id, case
      when p.is_tie then 'TIE' when i.round_a_id is null then chosen.index || '.' || chosen.candidate
      when p.chosen_round_id = i.round_a_id then 'A' else 'B' end as value
  from review_item i join review r on r.item_id = i.id join preference p on p.id = r.preference_id
  join round chosen on chosen.id = p.chosen_round_id`

const scores = sql`
  select c.round_id as unit_id, r.id as review_id, c.overall as value
  from review_item i join review r on r.item_id = i.id join review_critique of on of.review_id = r.id
  join critique c on c.id = of.critique_id`
