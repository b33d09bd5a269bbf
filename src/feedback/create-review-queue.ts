import { v7 } from 'uuid'
import { type Db, isUniqueViolation, type Queryable } from '../db.ts'
import { InvalidInputError } from '../errors.ts'
import type { ReviewKind } from '../generated/prisma/enums.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { planByValues } from '../trajectories/plan-by-values.ts'
import { type TrajectoryFilter, toCondition } from '../trajectories/trajectory-filter.ts'

/** Which trajectory is reviewed first. */
type ReviewOrder = 'OLDEST' | 'NEWEST' | 'SHUFFLED' | 'DISAGREEMENT'

/** What people shall look at, every default filled in. `reviewsWanted`: how many review each item. */
export type NewReviewQueue = {
  name: string
  kind: ReviewKind
  filter: TrajectoryFilter
  /** At most so many items. */
  limit: number
  reviewsWanted: number
  order: ReviewOrder
}

/**
 * Makes a queue of the trajectories that match now, and returns its id. SCORE takes those with a picture, PICK and PAIR
 * those with two. Filled in steps: one that is cut off leaves a queue with fewer items. Throws InvalidInputError where there
 * is none, or the tenant has a queue of that name.
 */
export async function createReviewQueue(
  db: Db,
  { tenantId, by }: { tenantId: string; by: string },
  { name, kind, filter, limit, reviewsWanted, order }: NewReviewQueue,
): Promise<string> {
  const items = await chooseItems(db, { tenantId, kind, filter, limit, order })
  if (items.length === 0) {
    const rounds = kind === 'SCORE' ? 'a round' : 'two rounds'
    throw new InvalidInputError('filter', `filter matches no trajectory with ${rounds} to look at.`)
  }
  const queueId = v7()
  try {
    await db.query(sql`
      insert into review_queue (id, tenant_id, name, kind, reviews_wanted, by)
      values (${queueId}::uuid, ${tenantId}::uuid, ${name}, ${kind}::review_kind, ${reviewsWanted}::int, ${by})`)
  } catch (error) {
    if (!isUniqueViolation(error, 'review_queue_tenant_id_name_key')) throw error
    throw new InvalidInputError('name', `name must not be that of another review queue: "${name}" is.`)
  }
  for (let from = 0; from < items.length; from += STEP) {
    await insertItems(db, queueId, from + 1, items.slice(from, from + STEP))
  }
  return queueId
}

// Long writes hold up the event streams. On two busy cores 10,000 at once took 2.3 s, 250 some 80 ms.
const STEP = 100

type Item = { jobId: string; roundAId: string | null; roundBId: string | null }

/** The next items, from this position on. A job that was deleted since the choice is left out. */
async function insertItems(db: Queryable, queueId: string, position: number, items: readonly Item[]): Promise<void> {
  await db.query(sql`
    with item as (
      select * from unnest(${items.map(() => v7())}::uuid[], ${items.map(item => item.jobId)}::uuid[],
        ${items.map(item => item.roundAId)}::uuid[], ${items.map(item => item.roundBId)}::uuid[])
        with ordinality as item(id, job_id, round_a_id, round_b_id, place)
    ), kept as (
      select job.id from job where job.id in (select job_id from item) order by job.id for key share
    )
    insert into review_item (id, queue_id, position, job_id, round_a_id, round_b_id)
    select item.id, ${queueId}::uuid, ${position}::int + item.place - 1, item.job_id, item.round_a_id, item.round_b_id
    from item join kept on kept.id = item.job_id`)
}

// PAIR: the result's round and the first of the others. Which is A follows from their ids alone, hashed since ids grow
// with time: the sides tell neither which came first nor which the thinker preferred, and are the same in every queue.
async function chooseItems(
  db: Db,
  { tenantId, kind, filter, limit, order }: Omit<NewReviewQueue, 'name' | 'reviewsWanted'> & { tenantId: string },
): Promise<Item[]> {
  const statement = sql`
    select t.job_id as "jobId",
      case when ${kind}::text = 'PAIR' then pair.sides[1] end as "roundAId",
      case when ${kind}::text = 'PAIR' then pair.sides[2] end as "roundBId"
    from trajectory t join job on job.id = t.job_id
    cross join lateral (
      select array_agg(shown.id order by md5(shown.id::text)) as sides from (
        select r.id from round r
        where r.job_id = t.job_id and r.index > 0 and r.image_id is not null
        order by r.id <> job.best_round_id, r.index, r.candidate limit 2) as shown
    ) as pair
    where t.tenant_id = ${tenantId}::uuid and ${toCondition(filter)}
      and cardinality(pair.sides) >= ${kind === 'SCORE' ? 1 : 2}::int
    order by ${orders[order]} limit ${limit}::int`
  return await planByValues(db, read => read<Item>(statement))
}

const orders: Readonly<Record<ReviewOrder, SqlStatement>> = {
  OLDEST: sql`t.job_id`,
  NEWEST: sql`t.job_id desc`,
  SHUFFLED: sql`md5(t.job_id::text)`,
  DISAGREEMENT: sql`t.agreement, t.job_id`,
}
