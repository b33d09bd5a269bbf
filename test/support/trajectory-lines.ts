import type { Db } from '../../src/db.ts'
import { readSafePosition } from '../../src/events/read-tenant-events.ts'
import { sql } from '../../src/sql.ts'
import { recordOf } from '../../src/trajectories/trajectory-record.ts'

/** A tenant's trajectories as an export writes them, a line each, in the order in which they became jobs. */
export async function linesOf(db: Db, tenantId: string): Promise<string[]> {
  const { end } = await readSafePosition(db)
  return await db.transaction(async tx => {
    await tx.query("set local time zone 'UTC'")
    const { rows } = await tx.query<{ json: string }>(sql`
      select ${recordOf(end)}::text as json from trajectory t join job j on j.id = t.job_id
      where t.tenant_id = ${tenantId}::uuid order by j.id`)
    return rows.map(row => row.json)
  })
}

/** The SHA-256 of every picture in lines of an export. */
export function hashesIn(lines: readonly string[]): string[] {
  return [...new Set(lines.flatMap(line => line.match(/(?<="sha256":")[0-9a-f]{64}/g) ?? []))]
}
