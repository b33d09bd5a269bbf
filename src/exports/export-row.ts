import type { Queryable } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import type { ExportFormatName, ExportOptions, SampleKind } from './export-format.ts'

/** Where an export stands; the last three end it. */
export type ExportStatus = 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELED'

/** An export as readers see it. `samples` and `bytes`: how far it is; `total`: the samples of its version. */
export type ExportRow = {
  id: string
  tenantId: string
  versionId: string
  format: ExportFormatName
  options: ExportOptions
  status: ExportStatus
  samples: number
  total: number
  bytes: number
  contentHash: string | null
  errorCode: string | null
  errorMessage: string | null
  by: string
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

/** Where exports and what their versions say of them are joined: `export x`, `dataset_version v`, `dataset d`. */
const exportTables: SqlStatement = sql`
  export x join dataset_version v on v.id = x.version_id join dataset d on d.id = v.dataset_id`

/** The columns of ExportRow. */
const exportColumns: SqlStatement = sql`x.id, x.tenant_id as "tenantId", x.version_id as "versionId", x.format,
  x.options, x.status::text as status, x.samples, v.samples as total, x.bytes, x.content_hash as "contentHash",
  x.error_code as "errorCode", x.error_message as "errorMessage", x.by, x.created_at as "createdAt",
  x.started_at as "startedAt", x.finished_at as "finishedAt"`

/** The tenant's export, or null; another tenant's is null too. */
export async function findExport(db: Queryable, tenantId: string, exportId: string): Promise<ExportRow | null> {
  const { rows } = await db.query<ExportRow>(sql`
    select ${exportColumns} from ${exportTables}
    where x.id = ${exportId}::uuid and x.tenant_id = ${tenantId}::uuid`)
  return rows[0] ?? null
}

/** Whether it has ended. */
export function isEnded(status: ExportStatus): boolean {
  return status === 'DONE' || status === 'FAILED' || status === 'CANCELED'
}

/** The kind of samples that a recipe makes. */
export const kindOfRecipe: Readonly<Record<'plain' | 'think-edit' | 'preference', SampleKind>> = {
  plain: 'TRAJECTORY',
  'think-edit': 'STEP',
  preference: 'PAIR',
}

/** Tells whoever follows the export to look at it; heard at the commit. */
export async function notifyProgress(db: Queryable, exportId: string): Promise<void> {
  await db.query(sql`select pg_notify('background_work', ${toProgressName(exportId)})`)
}

/** What is notified: on the channel of work, since each channel more costs every listener, with a text that is no table. */
export function toProgressName(exportId: string): string {
  return `export ${exportId}`
}
