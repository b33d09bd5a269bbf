import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { BackgroundWork, Lease } from '../background-work.ts'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { ExportFailedError } from './errors.ts'
import type { ExportDeps } from './export-deps.ts'
import type { ExportFormat, ExportSummary } from './export-format.ts'
import { kindOfRecipe, notifyProgress } from './export-row.ts'
import { ExportGoneError, type ExportRun, openExportRun, saveProgress, whileOwner } from './export-run.ts'
import { exportFormats } from './formats.ts'
import { hashExport } from './hash-export.ts'
import { itemQueue } from './item-queue.ts'
import { keepFile } from './keep-file.ts'
import { removeExportFiles } from './remove-export-files.ts'
import { writeShard } from './write-shard.ts'

/** Writes exports that were started, one at a time; see background-work.ts. */
export function exportWork(deps: ExportDeps): BackgroundWork {
  return {
    table: 'export',
    isUnfinished: sql`status in ('QUEUED', 'RUNNING')`,
    async run(lease) {
      try {
        await writeExport(deps, lease)
      } catch (error) {
        if (!(error instanceof ExportGoneError)) throw error
      }
    },
    fail: (lease, failure) => failExport(deps, lease, failure),
  }
}

async function writeExport(deps: ExportDeps, lease: Lease): Promise<void> {
  let run = await openExportRun(deps.db, lease)
  const format = exportFormats[run.format]
  const kind = kindOfRecipe[run.recipe]
  for (const { split } of run.splits) {
    const { versionId, recipe, asOf } = run
    let tally = run.splits.find(each => each.split === split)
    if (!tally || tally.next === null) continue
    const asLines = format.takesLines && kind === 'TRAJECTORY'
    const items = itemQueue(deps.db, { versionId, recipe, asOf, split, asLines }, tally.next)
    try {
      while (tally.next !== null) {
        tally = await writeShard(deps, { run, format, tally, items, lease })
        const made = tally
        run = { ...run, splits: run.splits.map(each => (each.split === split ? made : each)) }
      }
    } finally {
      await items.close()
    }
  }
  await describe(deps, { run, format, lease })
  await finish(deps.db, run, lease)
}

async function describe(
  deps: ExportDeps,
  { run, format, lease }: { run: ExportRun; format: ExportFormat; lease: Lease },
): Promise<void> {
  const summary = toSummary(run, format)
  if (summary.splits.length === 0) {
    const hint = run.options.subset ? `; subset ${run.options.subset} may be none of what the recipe made` : ''
    throw new ExportFailedError('NO_SAMPLES', `The version has no sample that ${run.format} can say${hint}.`)
  }
  const target = { exportId: run.id, tenantId: run.tenantId }
  const samples = run.splits.reduce((sum, tally) => sum + tally.samples + tally.leftOut, 0)
  for (const { path, text } of format.describe(summary)) {
    const bytes = Buffer.from(text)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await keepFile(deps, target, {
      ...{ lease, file: { path, byteSize: bytes.length, sha256, samples: 0 } },
      read: () => Readable.from([bytes]),
      also: (tx, addedBytes) => saveProgress(tx, run.id, { samples, addedBytes, run: null }),
    })
  }
}

function toSummary({ dataset, recipe, options, splits }: ExportRun, format: ExportFormat): ExportSummary {
  return {
    ...{ dataset, kind: kindOfRecipe[recipe], options },
    splits: splits
      .filter(({ shards }) => shards > 0)
      .map(({ split, samples, leftOut, bytes, shards }) => ({
        ...{ split, samples, leftOut, bytes },
        files: Array.from({ length: shards }, (_, number) => format.shardPath(split, number)),
      })),
  }
}

async function finish(db: Db, run: ExportRun, lease: Lease): Promise<void> {
  const contentHash = await hashExport(db, run.id)
  await whileOwner(db, lease, async tx => {
    await tx.query(sql`
      update export set status = 'DONE', content_hash = ${contentHash}, finished_at = clock_timestamp()
      where id = ${run.id}::uuid`)
    await notifyProgress(tx, run.id)
  })
}

/** Nothing of a failed export stays. */
async function failExport(
  deps: ExportDeps,
  { id, owner }: Lease,
  { code, message }: { code: string; message: string },
): Promise<void> {
  const { rowCount } = await deps.db.query(sql`
    update export set status = 'FAILED', error_code = ${code}, error_message = ${message},
      finished_at = clock_timestamp()
    where id = ${id}::uuid and owner = ${owner}::uuid and status in ('QUEUED', 'RUNNING')`)
  if (rowCount === 0) return
  await notifyProgress(deps.db, id)
  await removeExportFiles(deps, id).catch(() => {}) // the store may be what failed; it is swept
}
