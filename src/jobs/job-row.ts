import type { Tx } from '../db.ts'
import type { LoopSettings } from '../loop/settings.ts'
import { type SqlStatement, sql } from '../sql.ts'

/** A job's settings as stored: the loop's, and what the engines need. Every default is filled in. */
export type JobSettings = LoopSettings & {
  /** Tried when the editor has no healthy endpoint or an edit keeps failing there, in order. */
  fallbackEditors: string[]
  /** Whether a call whose fate is unknown may be paid for again. */
  resubmitUncertain: boolean
  editorParameters: Record<string, unknown>
}

/** EDIT changes a source, GENERATE makes a picture from words alone, FILL repaints what a mask marks in a source. */
export type JobKind = 'EDIT' | 'GENERATE' | 'FILL'

/** Width and height in pixels. */
export type Size = { width: number; height: number }

export type JobStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED'

/** A job as a transaction that changes it sees it: locked, so nobody else does. */
export type JobRow = {
  id: string
  tenantId: string
  kind: JobKind
  status: JobStatus
  instruction: string
  sourceId: string | null
  editor: string
  thinker: string | null
  settings: JobSettings
  baseSeed: number
  priority: number
  run: number
  /** Set while leased stages are being aborted: nothing new is planned. */
  stoppingFor: 'CANCELED' | 'DEADLINE' | null
  isPastDeadline: boolean
  runEditorSeconds: number
  runThinkerTokens: number
}

/**
 * Takes the job's lock, the first thing in every transaction that changes a job, so that events are numbered in commit
 * order. Null: there is no such job (any more). `tenantId` narrows it to the caller's own.
 */
export async function lockJob(tx: Tx, jobId: string, tenantId?: string): Promise<JobRow | null> {
  const { rows } = await tx.query<JobRow>(sql`
    select ${jobColumns} from job
    where id = ${jobId}::uuid and tenant_id = coalesce(${tenantId ?? null}::uuid, tenant_id)
    for no key update`)
  return rows[0] ?? null
}

/** The columns of JobRow. */
export const jobColumns: SqlStatement = sql`
  id, tenant_id as "tenantId", kind, status, instruction, source_id as "sourceId", editor, thinker, settings,
  base_seed as "baseSeed", priority, run, stopping_for as "stoppingFor",
  coalesce(deadline_at <= clock_timestamp(), false) as "isPastDeadline",
  run_editor_seconds as "runEditorSeconds", run_thinker_tokens as "runThinkerTokens"`

/**
 * The same without waiting, for work that comes by again: null also while another transaction has the lock. That one may be
 * of a process that was stopped in the middle of it, which must not hold up the tasks of all other jobs.
 */
export async function tryLockJob(tx: Tx, jobId: string): Promise<JobRow | null> {
  const { rowCount } = await tx.query(sql`
    select 1 from job where id = ${jobId}::uuid for no key update skip locked`)
  return rowCount === 1 ? await lockJob(tx, jobId) : null
}

/** Whether the job has ended. */
export function isTerminal(status: JobStatus): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'CANCELED'
}
