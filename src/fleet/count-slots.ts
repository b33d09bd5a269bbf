import type { Queryable } from '../db.ts'
import { sql } from '../sql.ts'

/** How many calls of this model can run at once in the whole fleet: the capacity of its driven endpoints. */
export async function countSlots(db: Queryable, modelId: string): Promise<number> {
  const { rows } = await db.query<{ slots: number }>(sql`
    select coalesce(sum(capacity), 0)::int as slots from endpoint
    where model_id = ${modelId} and lease_until > clock_timestamp()`)
  return rows[0]?.slots ?? 0
}
