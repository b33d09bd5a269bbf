import { randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { Db, Queryable } from '../../src/db.ts'
import { sql } from '../../src/sql.ts'

/** A tenant of its own, by a new name. */
export async function seedTenant(db: Queryable, name = `tenant-${randomBytes(6).toString('hex')}`): Promise<string> {
  const id = v7()
  await db.query(sql`insert into tenant (id, name) values (${id}::uuid, ${name}::text)`)
  return id
}

/** A READY image row; no object stands behind it. */
async function seedImage(db: Queryable, tenantId: string): Promise<string> {
  const id = v7()
  const sha256 = randomBytes(32).toString('hex')
  await db.query(sql`
    insert into image (id, tenant_id, status, sha256, original_sha256, content_type, width, height, byte_size, object_key)
    values (${id}::uuid, ${tenantId}::uuid, 'READY', ${sha256}::text, ${sha256}::text, 'image/png', 64, 64, 1000,
      ${`${tenantId}/${sha256}`}::text)`)
  return id
}

/** A QUEUED job without tasks, rounds or events, and the image it edits. */
export async function seedJob(db: Db, tenantId: string): Promise<{ jobId: string; imageId: string }> {
  const imageId = await seedImage(db, tenantId)
  const jobId = v7()
  await db.query(sql`
    insert into job (id, tenant_id, instruction, source_id, editor, thinker, settings, base_seed, input_hash)
    values (${jobId}::uuid, ${tenantId}::uuid, 'Make it brighter', ${imageId}::uuid, 'builtin-retouch',
      'builtin-critic', '{}'::jsonb, 7, 'hash')`)
  return { jobId, imageId }
}

/** An EDITED round of the job, index from 1, showing the job's own source. */
export async function seedRound(db: Queryable, jobId: string, index: number): Promise<string> {
  const id = v7()
  await db.query(sql`
    insert into round (id, job_id, index, status, editor, prompt, prompt_source, seed, image_id, started_at, edited_at)
    select ${id}::uuid, id, ${index}::int4, 'EDITED', editor, instruction, 'INSTRUCTION', 7, source_id, now(), now()
    from job where id = ${jobId}::uuid`)
  return id
}
