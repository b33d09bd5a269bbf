import type { Db } from '../db.ts'
import type { SqlStatement } from '../sql.ts'

// The price of a page against that of a row is that of cached pages, as PostgreSQL's manual has it for such: by its default
// prices thousands of whole rows look cheaper than one pass over trajectory_facts, the narrow index of all that is small.
// Compiling a plan takes longer than running it.
const SETTINGS = `set local plan_cache_mode = force_custom_plan; set local jit = off;
  set local seq_page_cost = 0.5; set local random_page_cost = 0.5`

/** Runs one read inside `planByValues`. `Row` is the caller's word, not checked. */
export type PlannedRead = <Row>(statement: SqlStatement) => Promise<Row[]>

/**
 * Reads over a filter that callers wrote, in one transaction: planned anew for the values at hand, since a filter may hold
 * for ten rows or for all of them, and without a name, since its texts are without number and each name stays on its
 * connection. Everything else in the house runs by one plan a statement.
 */
export function planByValues<T>(db: Db, work: (read: PlannedRead) => Promise<T>): Promise<T> {
  return db.transaction(async tx => {
    await tx.query(SETTINGS)
    return work(async <Row>({ text, values }: SqlStatement) => (await tx.query<Row>(text, values)).rows)
  })
}
