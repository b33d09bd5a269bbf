import type { Db, Tx } from '../db.ts'
import { DomainError, NotFoundError } from '../errors.ts'
import { appendEvents } from '../events/append-event.ts'
import { decideFork } from '../loop/fork.ts'
import { sql } from '../sql.ts'
import { checkQuota } from '../tenancy/quotas.ts'
import { checkModels, modelCache } from './check-models.ts'
import { hashInput, insertJobs } from './insert-jobs.ts'
import { type JobSettings, lockJob, type Size } from './job-row.ts'
import { loadState } from './load-state.ts'
import { countNew } from './start-jobs.ts'

/** What the fork does otherwise than its parent; null: as the parent did. */
export type Fork = {
  roundId: string
  prompt: string | null
  instruction: string | null
  editor: string | null
  thinker: string | null
  settings: JobSettings | null
  seed: number | null
  idempotencyKey: string | null
}

/**
 * A new job from any stored round, of a finished job or a running one: of the same kind, with the same source, mask, size
 * and references, Round 1 with that round as its parent. Nothing is copied. Returns the new job's id; NotFoundError for a foreign round.
 */
export async function forkRound(db: Db, caller: { tenantId: string }, fork: Fork): Promise<string> {
  const { rows } = await db.query<{ jobId: string }>(sql`
    select job_id as "jobId" from round where id = ${fork.roundId}::uuid`)
  const jobId = rows[0]?.jobId
  return await db.transaction(async tx => {
    const parent = jobId === undefined ? null : await lockJob(tx, jobId, caller.tenantId)
    const state = parent && (await loadState(tx, parent))
    const round = state?.rounds.find(({ id }) => id === fork.roundId)
    if (!parent || !round) throw new NotFoundError('roundId', 'round')
    const pictures = await readPictures(tx, parent.id)
    const wish = {
      kind: parent.kind,
      editor: fork.editor ?? parent.editor,
      thinker: fork.thinker ?? parent.thinker,
      settings: { ...(fork.settings ?? parent.settings), seed: fork.seed ?? fork.settings?.seed ?? null },
      references: { count: pictures.referenceIds.length, field: 'editor' },
    }
    // Another editor may not know the parent's parameters; they stay only where they were not chosen for another.
    if (fork.settings === null && wish.editor !== parent.editor) wish.settings.editorParameters = {}
    const instruction = fork.instruction ?? parent.instruction
    await checkQuota(tx, { tenantId: caller.tenantId, jobs: await countNew(tx, caller.tenantId, [fork]) })
    const [outcome] = await insertJobs(tx, caller.tenantId, [
      {
        ...pictures,
        kind: parent.kind,
        sourceId: parent.sourceId,
        instruction,
        ...(await checkModels(modelCache(tx), wish)),
        priority: parent.priority,
        batch: null,
        tags: [],
        metadata: null,
        idempotencyKey: fork.idempotencyKey,
        inputHash: hashInput(fork),
        fork: {
          forkedFromId: round.id,
          start: decideFork(round, { prompt: fork.prompt, instruction }),
          baseImageId: round.imageId,
        },
      },
    ])
    if (outcome === undefined || outcome instanceof DomainError) throw outcome ?? new Error('The fork was not written.')
    const isNew = await tx.query(sql`
      select 1 from job_event where job_id = ${parent.id}::uuid and fork_id = ${outcome}::uuid`)
    if (isNew.rowCount === 0) {
      await appendEvents(tx, parent.id, [{ type: 'JOB_FORKED', roundId: round.id, forkId: outcome }])
    }
    return outcome
  })
}

type Pictures = { maskId: string | null; size: Size | null; referenceIds: string[] }

async function readPictures(tx: Tx, jobId: string): Promise<Pictures> {
  const { rows } = await tx.query<Pictures>(sql`
    select mask_id as "maskId", array(
        select image_id from job_reference where job_id = job.id order by position) as "referenceIds",
      case when wanted_width is not null
        then jsonb_build_object('width', wanted_width, 'height', wanted_height) end as size
    from job where id = ${jobId}::uuid`)
  if (rows[0] === undefined) throw new Error('A locked job was not there.')
  return rows[0]
}
