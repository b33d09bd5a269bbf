import type { ModelKind } from '../catalog.ts'
import type { Db, Queryable, Tx } from '../db.ts'
import { DomainError, NotFoundError } from '../errors.ts'
import { checkParameters } from '../fleet/check-parameters.ts'
import { type ResolvedModel, resolveModel } from '../fleet/resolve-model.ts'
import { sql } from '../sql.ts'
import { checkQuota } from '../tenancy/quotas.ts'
import { type CheckedJob, hashInput, insertJobs } from './insert-jobs.ts'
import type { JobKind, JobSettings } from './job-row.ts'

/** One job as a caller asks for it: ranges are checked at the edge, names and images here. Null model: the default. */
export type NewJob = {
  kind: Extract<JobKind, 'EDIT'>
  sourceId: string
  instruction: string
  editor: string | null
  thinker: string | null
  settings: JobSettings
  referenceIds: string[]
  priority: number
  batch: string | null
  tags: string[]
  metadata: unknown
  idempotencyKey: string | null
}

/**
 * Starts up to 500 jobs in one transaction. Gives, in order, each job's id or the error that kept this one from
 * starting (a missing image, an unknown model or parameter, a reused key); the others start all the same. Throws
 * QuotaExceededError when the tenant may not add that many: then none does.
 */
export async function startJobs(
  db: Db,
  caller: { tenantId: string },
  items: readonly NewJob[],
): Promise<(string | DomainError)[]> {
  const models = modelCache(db)
  const checked = await Promise.all(items.map(item => settle(checkJob(models, item))))
  return await db.transaction(async tx => {
    const known = await findImages(tx, caller.tenantId, items)
    const outcomes = checked.map((job, i) => findMissingImage(items[i], known) ?? job)
    const jobs = outcomes.filter((job): job is CheckedJob => !(job instanceof DomainError))
    await checkQuota(tx, { tenantId: caller.tenantId, jobs: await countNew(tx, caller.tenantId, jobs) })
    const written = (await insertJobs(tx, caller.tenantId, jobs)).values()
    return outcomes.map(job => {
      if (job instanceof DomainError) return job
      const next = written.next()
      if (next.done) throw new Error('A job was written without an answer.')
      return next.value
    })
  })
}

/** Resolves each model once a request. */
export type ModelCache = (kind: ModelKind, model: string | null) => Promise<ResolvedModel>

export function modelCache(db: Queryable): ModelCache {
  const found = new Map<string, Promise<ResolvedModel>>()
  return (kind, model) => {
    const key = `${kind} ${model ?? ''}`
    const known = found.get(key) ?? resolveModel(db, { kind, model })
    found.set(key, known)
    return known
  }
}

/** Names the models of a job and checks its parameters against the editor's; throws what the caller should know. */
export async function checkModels(
  models: ModelCache,
  wish: { editor: string | null; thinker: string | null; settings: JobSettings },
): Promise<{ editor: string; thinker: string | null; settings: JobSettings }> {
  const editor = await models('EDITOR', wish.editor)
  const thinker = wish.settings.critique ? await models('THINKER', wish.thinker) : null
  for (const fallback of wish.settings.fallbackEditors) await models('EDITOR', fallback)
  const { editorParameters } = wish.settings
  return {
    editor: editor.id,
    thinker: thinker?.id ?? null,
    settings: {
      ...wish.settings,
      editorParameters: checkParameters(editor.parameters, editorParameters, 'settings.editorParameters'),
    },
  }
}

async function checkJob(models: ModelCache, item: NewJob): Promise<CheckedJob> {
  return { ...item, ...(await checkModels(models, item)), inputHash: hashInput(item), fork: null }
}

async function settle<T>(work: Promise<T>): Promise<T | DomainError> {
  try {
    return await work
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

// The lock keeps a picture from being deleted before the job that needs it is there.
async function findImages(tx: Tx, tenantId: string, items: readonly NewJob[]): Promise<Set<string>> {
  const ids = [...new Set(items.flatMap(item => [item.sourceId, ...item.referenceIds]))]
  const { rows } = await tx.query<{ id: string }>(sql`
    select id from image where id = any(${ids}::uuid[]) and tenant_id = ${tenantId}::uuid and status = 'READY'
    order by id for key share`)
  return new Set(rows.map(row => row.id))
}

function findMissingImage(item: NewJob | undefined, known: Set<string>): NotFoundError | null {
  if (item === undefined) return null
  if (!known.has(item.sourceId)) return new NotFoundError('sourceId', 'image')
  const missing = item.referenceIds.findIndex(id => !known.has(id))
  return missing === -1 ? null : new NotFoundError(`referenceIds.${missing}`, 'image')
}

/** How many of the jobs do not exist by their idempotency keys: what counts against the tenant's quota. */
export async function countNew(
  tx: Tx,
  tenantId: string,
  jobs: readonly { idempotencyKey: string | null }[],
): Promise<number> {
  const keys = jobs.flatMap(job => (job.idempotencyKey === null ? [] : [job.idempotencyKey]))
  if (keys.length === 0) return jobs.length
  const { rows } = await tx.query<{ known: number }>(sql`
    select count(*) as known from job
    where tenant_id = ${tenantId}::uuid and idempotency_key = any(${keys}::text[])`)
  return new Set(keys).size + (jobs.length - keys.length) - (rows[0]?.known ?? 0)
}
