import { v7 } from 'uuid'
import type { Db } from '../db.ts'
import { type DomainError, NotFoundError } from '../errors.ts'
import { checkModels, modelCache } from '../jobs/check-models.ts'
import { startJobs } from '../jobs/start-jobs.ts'
import { sql } from '../sql.ts'
import { type BenchmarkItem, toItemId } from './benchmark.ts'
import { toRunLabel } from './run-label.ts'
import { type RunConfiguration, toFingerprint } from './to-fingerprint.ts'

/** An item whose pictures are stored: ids are those of images. `givenAs`: how the caller named it, which metadata keeps. */
export type RunItem = Pick<BenchmarkItem, 'key' | 'taskType' | 'language' | 'instruction' | 'facts'> & {
  sourceId: string
  referenceIds: string[]
  pictures: Record<string, { id: string; givenAs: string }>
}

/** A run, and of each item, in order, its job's id or the error that kept it from starting. */
export type StartedRun = { label: string; fingerprint: string; outcomes: (string | DomainError)[] }

/**
 * Starts the items' jobs under the run's label, at most 500 a call; those that are there already are found again by their
 * keys, so that nothing is done twice. A job's metadata is `benchmark`: { name, key, taskType, language, facts, pictures },
 * the pictures as they were named; their images are kept as long as the job. Throws ModelUnavailableError or
 * InvalidInputError for a configuration that no item could run with, and QuotaExceededError: then nothing starts.
 */
export async function startRun(
  db: Db,
  caller: { tenantId: string; keyName: string },
  configuration: RunConfiguration,
  items: readonly RunItem[],
): Promise<StartedRun> {
  const { tenantId } = caller
  const { benchmark, editor, thinker, settings } = configuration
  await checkModels(modelCache(db), { kind: 'EDIT', editor, thinker, settings, references: noReferences })
  const fingerprint = toFingerprint(configuration)
  const label = toRunLabel(benchmark, fingerprint)
  const faults = await findPictureFaults(db, tenantId, items)
  const whole = items.filter(item => !faults.has(item))
  const started = await startJobs(
    db,
    { tenantId },
    whole.map(item => ({
      ...{ kind: 'EDIT', sourceId: item.sourceId, maskId: null, size: null, instruction: item.instruction },
      ...{ editor, thinker, settings, referenceIds: item.referenceIds, priority: 0, batch: label, tags: [] },
      metadata: { benchmark: toMetadata(benchmark, item) },
      idempotencyKey: `bench/${fingerprint}/${toItemId(item)}`,
    })),
  )
  const jobs = new Map(whole.map((item, i) => [item, started[i]]))
  const outcomes = items.map(item => {
    const outcome = faults.get(item) ?? jobs.get(item)
    if (outcome === undefined) throw new Error('A run lost one of its items.')
    return outcome
  })
  await keepPictures(db, tenantId, items, outcomes)
  if (outcomes.some(outcome => typeof outcome === 'string')) await insertRun(db, caller, configuration)
  return { label, fingerprint, outcomes }
}

const noReferences = { count: 0, field: 'referenceIds' }

function toMetadata(name: string, { key, taskType, language, facts, pictures }: RunItem): Record<string, unknown> {
  const named = Object.fromEntries(Object.entries(pictures).map(([picture, { givenAs }]) => [picture, givenAs]))
  return { name, key, taskType, language, facts, pictures: named }
}

async function findPictureFaults(
  db: Db,
  tenantId: string,
  items: readonly RunItem[],
): Promise<Map<RunItem, DomainError>> {
  const ids = [...new Set(items.flatMap(({ pictures }) => Object.values(pictures).map(({ id }) => id)))]
  const { rows } = await db.query<{ id: string }>(sql`
    select id from image where id = any(${ids}::uuid[]) and tenant_id = ${tenantId}::uuid and status = 'READY'`)
  const known = new Set(rows.map(row => row.id))
  return new Map(
    items.flatMap(item => {
      const missing = Object.entries(item.pictures).find(([, { id }]) => !known.has(id))
      return missing ? [[item, new NotFoundError(`pictures.${missing[0]}`, 'image')] as const] : []
    }),
  )
}

// After the jobs: a call that dies in between is made again, and the pictures were uploaded less than a day before.
async function keepPictures(
  db: Db,
  tenantId: string,
  items: readonly RunItem[],
  outcomes: StartedRun['outcomes'],
): Promise<void> {
  const rows = items.flatMap(({ pictures }, i) => {
    const jobId = outcomes[i]
    if (typeof jobId !== 'string') return []
    return Object.entries(pictures).map(([name, { id }]) => ({ jobId, name, imageId: id }))
  })
  if (rows.length === 0) return
  await db.query(sql`
    insert into job_picture (job_id, name, image_id)
    select job.id, p."name", image.id
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as p("jobId" uuid, "name" text, "imageId" uuid)
    join job on job.id = p."jobId" and job.tenant_id = ${tenantId}::uuid
    join image on image.id = p."imageId" and image.tenant_id = ${tenantId}::uuid
    order by 1, 2
    on conflict do nothing`)
}

async function insertRun(
  db: Db,
  { tenantId, keyName }: { tenantId: string; keyName: string },
  configuration: RunConfiguration,
): Promise<void> {
  const { benchmark, editor, thinker, settings, variant } = configuration
  const fingerprint = toFingerprint(configuration)
  await db.query(sql`
    insert into benchmark_run (id, tenant_id, label, benchmark, fingerprint, editor, thinker, settings, variant, by)
    values (${v7()}::uuid, ${tenantId}::uuid, ${toRunLabel(benchmark, fingerprint)}, ${benchmark}, ${fingerprint},
      ${editor}, ${thinker}, ${JSON.stringify(settings)}::jsonb, ${variant}, ${keyName})
    on conflict (tenant_id, label) do nothing`)
}
