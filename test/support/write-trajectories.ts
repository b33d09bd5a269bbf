import type { Db } from '../../src/db.ts'
import { defaultSettings } from '../../src/loop/settings.ts'
import { sql } from '../../src/sql.ts'
import { seedJob } from './seed-job.ts'

/**
 * So many finished jobs of one round: scored 9, made in 2 s and judged with 10 tokens. Written in a few statements and
 * without events, in one transaction.
 */
export async function writeTrajectories(db: Db, tenantId: string, count: number): Promise<void> {
  const { imageId } = await seedJob(db, tenantId)
  await db.transaction(async tx => {
    await tx.query(sql`
      create temp table made on commit drop as
      select uuidv7() as job_id, uuidv7() as round_id from generate_series(1, ${count}::int)`)
    await tx.query(sql`
      insert into job (id, tenant_id, status, stop_reason, instruction, source_id, editor, thinker, settings, base_seed,
        input_hash, editor_seconds, thinker_tokens, started_at, finished_at)
      select job_id, ${tenantId}::uuid, 'SUCCEEDED', 'SATISFIED', 'brighter', ${imageId}::uuid, 'editor', 'thinker',
        ${JSON.stringify(defaultSettings)}::jsonb, 7, 'hash', 2, 10, now(), now()
      from made`)
    await tx.query(sql`
      insert into round (id, job_id, index, status, editor, prompt, prompt_source, seed, image_id, editor_seconds,
        started_at, edited_at)
      select round_id, job_id, 1, 'CRITIQUED', 'editor', 'brighter', 'INSTRUCTION', 7, ${imageId}::uuid, 2, now(), now()
      from made`)
    await tx.query(sql`
      insert into critique (id, round_id, source, by, semantic, quality, overall, tokens)
      select uuidv7(), round_id, 'THINKER', 'thinker', 9, 9, 9, 10 from made`)
    await tx.query(sql`update job set best_round_id = round_id from made where job.id = job_id`)
    await tx.query(sql`select write_trajectory(job_id, 1, pg_current_xact_id(), 1) from made`)
  })
}
