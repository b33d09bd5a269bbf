import { v7 } from 'uuid'
import type { Db } from '../../src/db.ts'
import type { JobSettings } from '../../src/jobs/job-row.ts'
import { type NewJob, startJobs } from '../../src/jobs/start-jobs.ts'
import { startStage } from '../../src/jobs/start-stage.ts'
import { defaultSettings } from '../../src/loop/settings.ts'
import { claimTasks } from '../../src/queue/claim-tasks.ts'
import type { ClaimedTask } from '../../src/queue/task.ts'

/** Models that exist in the database without any worker. */
export const testEditor = 'test-editor'
export const testThinker = 'test-thinker'
/** Generates and edits. */
export const testGenerator = 'test-generator'
export const testFiller = 'test-filler'

/** Registers the editor and the thinker, so that jobs may name them. */
export async function seedModels(db: Db): Promise<void> {
  await db.query(
    `insert into model (id, kinds, parameters, position) values ($1, '{EDITOR}', '[]', 0), ($2, '{THINKER}', '[]', 1)
     on conflict do nothing`,
    [testEditor, testThinker],
  )
}

/** Registers the models of the other kinds of job. */
export async function seedMoreModels(db: Db): Promise<void> {
  await db.query(
    `insert into model (id, kinds, parameters, position)
     values ($1, '{GENERATOR,EDITOR}', '[]', 10), ($2, '{FILLER}', '[]', 11)
     on conflict do nothing`,
    [testGenerator, testFiller],
  )
}

/** A tenant of its own, with a READY picture that has no bytes behind it. */
export async function seedTenant(db: Db, weight = 1): Promise<{ tenantId: string; imageId: string }> {
  const tenantId = v7()
  const hash = tenantId.replaceAll('-', '').repeat(2)
  await db.query('insert into tenant (id, name, weight) values ($1, $2, $3)', [tenantId, `t-${tenantId}`, weight])
  const imageId = await seedImage(db, tenantId, hash)
  return { tenantId, imageId }
}

/** A READY picture row. */
export async function seedImage(
  db: Db,
  tenantId: string,
  sha256 = `${v7()}${v7()}`.replaceAll('-', ''),
): Promise<string> {
  const id = v7()
  await db.query(
    `insert into image (id, tenant_id, status, sha256, original_sha256, content_type, width, height, byte_size, object_key)
     values ($1, $2, 'READY', $3, $3, 'image/png', 8, 8, 100, $3)`,
    [id, tenantId, sha256],
  )
  return id
}

/** A job as the API would ask for it. */
export function newJob(sourceId: string | null, job: Partial<NewJob> & { loop?: Partial<JobSettings> } = {}): NewJob {
  const { loop, ...rest } = job
  return {
    kind: 'EDIT',
    sourceId,
    maskId: null,
    size: null,
    instruction: 'make it brighter',
    editor: testEditor,
    thinker: testThinker,
    settings: { ...defaultSettings, fallbackEditors: [], resubmitUncertain: false, editorParameters: {}, ...loop },
    referenceIds: [],
    priority: 0,
    batch: null,
    tags: [],
    metadata: null,
    idempotencyKey: null,
    ...rest,
  }
}

/** Starts one job and gives its id; throws the error that kept it from starting. */
export async function startJob(db: Db, tenantId: string, job: NewJob): Promise<string> {
  const [outcome] = await startJobs(db, { tenantId }, [job])
  if (typeof outcome !== 'string') throw outcome
  return outcome
}

/** Claims up to `limit` tasks of a test queue for a worker. */
export async function claim(
  db: Db,
  kind: 'edit' | 'think',
  options: { workerId?: string; limit?: number; leaseMs?: number; isClosing?: boolean } = {},
): Promise<ClaimedTask[]> {
  return await claimTasks(db, {
    queue: kind === 'edit' ? `edit:${testEditor}` : `think:${testThinker}`,
    workerId: options.workerId ?? v7(),
    limit: options.limit ?? 1,
    leaseMs: options.leaseMs ?? 9_000,
    stageSeconds: 1,
    isClosing: options.isClosing ?? false,
  })
}

/** Claims and starts one task; throws when there is none. */
export async function takeOne(db: Db, kind: 'edit' | 'think', workerId = v7()): Promise<ClaimedTask> {
  const [task] = await claim(db, kind, { workerId })
  if (task === undefined) throw new Error(`There is no ${kind} task to claim.`)
  await startStage(db, task)
  return task
}

/** Claims and starts one task of any queue; throws when there is none. */
export async function claimFrom(db: Db, queue: string): Promise<ClaimedTask> {
  const [task] = await claimTasks(db, {
    ...{ queue, workerId: v7(), limit: 1, leaseMs: 9_000, stageSeconds: 1, isClosing: false },
  })
  if (task === undefined) throw new Error(`There is no task in ${queue}.`)
  await startStage(db, task)
  return task
}

/** A readable verdict with these scores. */
export function verdict(semantic: number, quality: number, refinedPrompt: string | null = `refined ${v7()}`) {
  return { semantic, quality, isSatisfied: null, refinedPrompt, reasoning: 'as measured' }
}
