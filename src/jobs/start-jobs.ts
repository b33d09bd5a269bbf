import type { Db, Tx } from '../db.ts'
import { DomainError, InvalidInputError, NotFoundError } from '../errors.ts'
import { sql } from '../sql.ts'
import { checkQuota } from '../tenancy/quotas.ts'
import { checkModels, type ModelCache, modelCache } from './check-models.ts'
import { type CheckedJob, hashInput, insertJobs } from './insert-jobs.ts'
import type { JobKind, JobSettings, Size } from './job-row.ts'

/**
 * One job as a caller asks for it: ranges are checked at the edge, names and images here. Null model: the default of the
 * kind. EDIT has a source, FILL a source and a mask of its size, GENERATE neither but perhaps a size.
 */
export type NewJob = {
  kind: JobKind
  sourceId: string | null
  maskId: string | null
  size: Size | null
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
  /** What the first round's editor is given where that is another prompt than the instruction: one refined elsewhere. */
  firstPrompt?: string
}

/**
 * Starts up to 500 jobs in one transaction. Gives, in order, each job's id or the error that kept this one from
 * starting (a missing image, a mask of another size, an unknown model or parameter, too many references, a reused key);
 * the others start all the same. Throws QuotaExceededError when the tenant may not add that many: then none does.
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
    const outcomes = checked.map((job, i) => findImageFault(items[i], known) ?? job)
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

async function checkJob(models: ModelCache, item: NewJob): Promise<CheckedJob> {
  const references = { count: item.referenceIds.length, field: 'referenceIds' }
  return {
    ...item,
    ...(await checkModels(models, { ...item, references })),
    inputHash: hashInput(item),
    fork: toFork(item),
  }
}

function toFork({ firstPrompt }: NewJob): CheckedJob['fork'] {
  if (firstPrompt === undefined) return null
  const start = { prompt: firstPrompt, promptSource: 'REFINED', parentId: null, editFromRoundId: null } as const
  return { forkedFromId: null, start, baseImageId: null }
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
async function findImages(tx: Tx, tenantId: string, items: readonly NewJob[]): Promise<Map<string, Size>> {
  const named = items.flatMap(item => [item.sourceId, item.maskId, ...item.referenceIds])
  const ids = [...new Set(named.filter(id => id !== null))]
  const { rows } = await tx.query<Size & { id: string }>(sql`
    select id, width, height from image where id = any(${ids}::uuid[]) and tenant_id = ${tenantId}::uuid and status = 'READY'
    order by id for key share`)
  return new Map(rows.map(({ id, ...size }) => [id, size]))
}

function findImageFault(item: NewJob | undefined, known: ReadonlyMap<string, Size>): DomainError | null {
  if (item === undefined) return null
  for (const field of ['sourceId', 'maskId'] as const) {
    const id = item[field]
    if (id !== null && !known.has(id)) return new NotFoundError(field, 'image')
  }
  const missing = item.referenceIds.findIndex(id => !known.has(id))
  if (missing !== -1) return new NotFoundError(`referenceIds.${missing}`, 'image')
  const [source, mask] = [known.get(item.sourceId ?? ''), known.get(item.maskId ?? '')]
  return source && mask ? findSizeFault(source, mask) : null
}

function findSizeFault(source: Size, mask: Size): InvalidInputError | null {
  if (mask.width === source.width && mask.height === source.height) return null
  return new InvalidInputError(
    'maskId',
    `maskId must be as large as the source, ${toText(source)} pixels, not ${toText(mask)}.`,
  )
}

function toText({ width, height }: Size): string {
  return `${width} x ${height}`
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
