import type { Queryable } from '../db.ts'
import type { Preference } from '../generated/prisma/client.ts'
import { type SqlStatement, sql } from '../sql.ts'

/** How many preferences of one round or job are read, the newest. */
export const MAX_PREFERENCES = 100

/** The preferences of each of these rounds, chosen or rejected, newest first, by round id. */
export async function readRoundPreferences(
  db: Queryable,
  tenantId: string,
  roundIds: readonly string[],
): Promise<Map<string, Preference[]>> {
  return await readOf(db, tenantId, roundIds, sql`p.chosen_round_id = wanted.id or p.rejected_round_id = wanted.id`)
}

/** The same by job: those that name one of its rounds. */
export async function readJobPreferences(
  db: Queryable,
  tenantId: string,
  jobIds: readonly string[],
): Promise<Map<string, Preference[]>> {
  const rounds = sql`array(select r.id from round r where r.job_id = wanted.id)`
  return await readOf(
    db,
    tenantId,
    jobIds,
    sql`p.chosen_round_id = any(${rounds}) or p.rejected_round_id = any(${rounds})`,
  )
}

async function readOf(
  db: Queryable,
  tenantId: string,
  ids: readonly string[],
  isWanted: SqlStatement,
): Promise<Map<string, Preference[]>> {
  const { rows } = await db.query<Preference & { of: string }>(sql`
    select wanted.id as of, p.*
    from unnest(${[...ids]}::uuid[]) as wanted(id) cross join lateral (
      select p.id, p.tenant_id as "tenantId", p.kind, p.chosen_round_id as "chosenRoundId",
        p.rejected_round_id as "rejectedRoundId", p.is_tie as "isTie", p.by, p.reasoning, p.created_at as "createdAt"
      from preference p
      where p.tenant_id = ${tenantId}::uuid and (${isWanted})
      order by p.id desc limit ${MAX_PREFERENCES}::int
    ) as p`)
  const found = new Map<string, Preference[]>()
  for (const { of, ...preference } of rows) found.set(of, [...(found.get(of) ?? []), preference])
  return found
}
