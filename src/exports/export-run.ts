// What a process knows of the export that it writes, and every write to its row: each under the row's lock, and only while
// this process still has it.

import { z } from 'zod'
import type { Lease } from '../background-work.ts'
import type { Db, Tx } from '../db.ts'
import { decodeEventCursor, type EventPosition } from '../events/event-cursor.ts'
import { sql } from '../sql.ts'
import type { ExportFormatName, ExportOptions } from './export-format.ts'
import { type kindOfRecipe, notifyProgress } from './export-row.ts'

const Tally = z.object({
  split: z.string(),
  /** The position of the next sample; null: the split is finished. */
  next: z.number().nullable(),
  shards: z.number(),
  samples: z.number(),
  leftOut: z.number(),
  bytes: z.number(),
})
const Cursor = z.object({ splits: z.array(Tally) })

/** How far a split is. `bytes`: of its data files. */
export type Tally = z.infer<typeof Tally>

/** What is to be written, and how far it is. */
export type ExportRun = {
  id: string
  tenantId: string
  versionId: string
  format: ExportFormatName
  options: ExportOptions
  dataset: { name: string; version: number; description: string | null; contentHash: string }
  recipe: keyof typeof kindOfRecipe
  asOf: EventPosition
  /** A tally a split, those that have not begun too, in the order they are written. */
  splits: Tally[]
}

/** The export was canceled or is another's: what was done is for nothing, and nothing more is to be done. */
export class ExportGoneError extends Error {}

/** Begins, or goes on behind the last finished file. Throws ExportGoneError. */
export async function openExportRun(db: Db, lease: Lease): Promise<ExportRun> {
  type Row = Omit<ExportRun, 'dataset' | 'asOf' | 'splits'> & ExportRun['dataset'] & { asOf: string; cursor: unknown }
  const { rows } = await db.query<Row>(sql`
    update export x set status = 'RUNNING', started_at = coalesce(x.started_at, clock_timestamp())
    from dataset_version v join dataset d on d.id = v.dataset_id
    where x.id = ${lease.id}::uuid and x.owner = ${lease.owner}::uuid and x.status in ('QUEUED', 'RUNNING')
      and v.id = x.version_id
    returning x.id, x.tenant_id as "tenantId", x.version_id as "versionId", x.format, x.options, x.cursor,
      v.recipe ->> 'kind' as recipe, v.as_of as "asOf", v.number as version, v.content_hash as "contentHash", d.name,
      d.description`)
  const row = rows[0]
  if (!row) throw new ExportGoneError()
  const { rows: splits } = await db.query<{ split: string }>(sql`
    select distinct split collate "C" as split from dataset_sample
    where version_id = ${row.versionId}::uuid order by 1`)
  await notifyProgress(db, lease.id)
  const known = Cursor.catch({ splits: [] }).parse(row.cursor).splits
  const { name, version, description, contentHash, asOf, cursor: _, ...rest } = row
  return {
    ...rest,
    dataset: { name, version, description, contentHash },
    asOf: decodeEventCursor(asOf),
    splits: splits.map(
      ({ split }) =>
        known.find(tally => tally.split === split) ?? { split, next: 0, shards: 0, samples: 0, leftOut: 0, bytes: 0 },
    ),
  }
}

/** Does `work` in a transaction in which this process has the export. Throws ExportGoneError. */
export async function whileOwner<T>(db: Db, lease: Lease, work: (tx: Tx) => Promise<T>): Promise<T> {
  return await db.transaction(async tx => {
    const { rowCount } = await tx.query(sql`
      select from export where id = ${lease.id}::uuid and owner = ${lease.owner}::uuid and status = 'RUNNING'
      for no key update`)
    if (rowCount === 0) throw new ExportGoneError()
    return await work(tx)
  })
}

/** Says how far it is. `run`: what it goes on from, which is progress; null: only the numbers. */
export async function saveProgress(
  tx: Tx,
  exportId: string,
  { samples, addedBytes, run }: { samples: number; addedBytes: number; run: ExportRun | null },
): Promise<void> {
  const cursor = run && JSON.stringify({ splits: run.splits })
  await tx.query(sql`
    update export set samples = ${samples}::int, bytes = bytes + ${addedBytes}::bigint,
      cursor = coalesce(${cursor}::jsonb, cursor), takes = case when ${cursor}::jsonb is null then takes else 0 end
    where id = ${exportId}::uuid`)
  await notifyProgress(tx, exportId)
}
