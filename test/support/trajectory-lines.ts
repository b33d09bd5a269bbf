import type { Db } from '../../src/db.ts'
import { readSafePosition } from '../../src/events/read-tenant-events.ts'
import { sql } from '../../src/sql.ts'
import { readTrajectoryRecords } from '../../src/trajectories/trajectory-record.ts'

/** A tenant's trajectories as an export writes them, a line each, in the order in which they became jobs. */
export async function linesOf(db: Db, tenantId: string): Promise<string[]> {
  const { end } = await readSafePosition(db)
  const all = sql`
    select row_number() over (order by job_id)::int as position, '' as hash, '' as split, job_id
    from trajectory where tenant_id = ${tenantId}::uuid`
  const lines = await db.transaction(tx => readTrajectoryRecords(tx, all, end))
  return lines.map(({ json }) => json)
}

/** The SHA-256 of every picture in lines of an export. */
export function hashesIn(lines: readonly string[]): string[] {
  return [...new Set(lines.flatMap(line => line.match(/(?<="sha256":")[0-9a-f]{64}/g) ?? []))]
}
