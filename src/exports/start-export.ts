import { v7 } from 'uuid'
import { notifyWork } from '../background-work.ts'
import type { Db, Queryable } from '../db.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import type { VersionStatus } from '../generated/prisma/enums.ts'
import { sql } from '../sql.ts'
import type { Caller } from '../tenancy/caller.ts'
import { ExportLimitError, FormatMismatchError, VersionNotReadyError } from './errors.ts'
import type { ExportFormat, ExportFormatName, ExportOptions } from './export-format.ts'
import { kindOfRecipe } from './export-row.ts'
import { exportFormats } from './formats.ts'
import { countMarkers } from './tagged-step.ts'

/** What is to be exported. `subset` undefined: what the format takes by itself. */
export type ExportWish = {
  versionId: string
  format: ExportFormatName
  pictures?: ExportOptions['pictures']
  shardSize?: number | null
  subset?: ExportOptions['subset']
  template?: string | null
}

/**
 * Starts an export of the caller's dataset version and gives its id. The same wish again gives the export that is there,
 * unless that failed, was canceled or has links in it. Throws NotFoundError, VersionNotReadyError, FormatMismatchError,
 * InvalidInputError, and ExportLimitError for the 51st that the tenant has waiting.
 */
export async function startExport(db: Db, caller: Caller, wish: ExportWish): Promise<string> {
  const format = exportFormats[wish.format]
  const options = toOptions(format, wish)
  return await db.transaction(async tx => {
    const version = await loadVersion(tx, caller.tenantId, wish.versionId)
    if (version.status !== 'READY') throw new VersionNotReadyError(version.status)
    const kind = kindOfRecipe[version.recipe]
    if (kind === 'TRAJECTORY' && format.takesLines && options.pictures === 'LINKED') {
      throw new InvalidInputError('pictures', 'pictures must not be LINKED: trajectories are exported to last.')
    }
    if (!format.kinds.includes(kind)) throw new FormatMismatchError(format.name, kind, format.kinds)

    const stored = JSON.stringify(options)
    if (options.pictures !== 'LINKED') {
      const { rows } = await tx.query<{ id: string }>(sql`
        select id from export where version_id = ${wish.versionId}::uuid and format = ${format.name}
          and options = ${stored}::jsonb and status in ('QUEUED', 'RUNNING', 'DONE')
        order by id desc limit 1`)
      if (rows[0]) return rows[0].id
    }
    await assertRoom(tx, caller.tenantId)
    const id = v7()
    await tx.query(sql`
      insert into export (id, tenant_id, version_id, format, options, by)
      values (${id}::uuid, ${caller.tenantId}::uuid, ${wish.versionId}::uuid, ${format.name}, ${stored}::jsonb,
        ${caller.keyName})`)
    await notifyWork(tx, 'export')
    return id
  })
}

// One is written at a time, and each takes the store's room: options alone make any number of them.
const MAX_UNFINISHED = 50

async function assertRoom(tx: Queryable, tenantId: string): Promise<void> {
  const { rows } = await tx.query<{ isFull: boolean }>(sql`
    select count(*) >= ${MAX_UNFINISHED}::int as "isFull" from export
    where status in ('QUEUED', 'RUNNING') and tenant_id = ${tenantId}::uuid`)
  if (rows[0]?.isFull) throw new ExportLimitError(MAX_UNFINISHED)
}

type Version = { status: VersionStatus; recipe: keyof typeof kindOfRecipe }

/** Locked against a rival that starts the same export. */
async function loadVersion(tx: Queryable, tenantId: string, versionId: string): Promise<Version> {
  const { rows } = await tx.query<Version>(sql`
    select v.status::text as status, v.recipe ->> 'kind' as recipe
    from dataset_version v join dataset d on d.id = v.dataset_id
    where v.id = ${versionId}::uuid and d.tenant_id = ${tenantId}::uuid
    for no key update of v`)
  if (!rows[0]) throw new NotFoundError('versionId', 'dataset version')
  return rows[0]
}

function toOptions(format: ExportFormat, wish: ExportWish): ExportOptions {
  const {
    pictures = format.pictures[0] ?? 'INCLUDED',
    shardSize = null,
    subset = format.subset,
    template = null,
  } = wish
  if (!format.pictures.includes(pictures)) {
    const taken = format.pictures.join(' or ')
    throw new InvalidInputError('pictures', `pictures must be ${taken} with ${format.name}, not ${pictures}.`)
  }
  if (shardSize !== null && format.limits === null) {
    throw new InvalidInputError('shardSize', `shardSize has no meaning with ${format.name}: it is one file a split.`)
  }
  if (template !== null && !format.usesTemplate) {
    throw new InvalidInputError('template', `template has no meaning with ${format.name}.`)
  }
  if (template !== null && ![0, 2].includes(countMarkers(template))) {
    const markers = countMarkers(template)
    throw new InvalidInputError('template', `template must have 2 <image> markers, or none, not ${markers}.`)
  }
  if (template !== null && !template.includes('{original_instruction}')) {
    throw new InvalidInputError('template', 'template must have {original_instruction} in it.')
  }
  return { pictures, shardSize, subset, template }
}
