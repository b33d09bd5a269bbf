import { v7 } from 'uuid'
import { encodeGlobalId } from '../../schema/global-id.ts'
import type { Db } from '../../src/db.ts'
import type { JobSettings } from '../../src/jobs/job-row.ts'
import { recordEdit } from '../../src/jobs/record-edit.ts'
import { recordVerdict } from '../../src/jobs/record-verdict.ts'
import type { NewJob } from '../../src/jobs/start-jobs.ts'
import type { Caller, Role } from '../../src/tenancy/caller.ts'
import { insertApiKey } from '../../src/tenancy/create-api-key.ts'
import { newJob, seedImage, startJob, takeOne, testThinker, verdict } from './stage-driver.ts'

/** A tenant of its own and a caller with a key of this role. */
export async function createCaller(db: Db, role: Role, tenant?: { tenantId: string; tenant: string }): Promise<Caller> {
  const tenantId = tenant?.tenantId ?? v7()
  const name = tenant?.tenant ?? `t-${tenantId}`
  if (!tenant) await db.query('insert into tenant (id, name) values ($1, $2)', [tenantId, name])
  const keyName = `${role.toLowerCase()} key`
  const keyId = await insertApiKey(db, { tenantId, name: keyName, role, expiresAt: null, secret: v7() })
  return { tenantId, tenant: name, role, keyId, keyName, expiresAt: null }
}

/** Global ids of a tenant's objects. */
export type Trajectory = { job: string; source: string; image: string; rounds: string[]; critiques: string[] }

type Options = { scores?: [number, number][]; loop?: Partial<JobSettings>; job?: Partial<NewJob> }

/**
 * A finished job, made by the real transactions: one round a pair of scores, the last of which ends it. Needs
 * `seedModels`, and no other test work waiting in the same database.
 */
export async function createFinishedJob(db: Db, caller: Caller, options: Options = {}): Promise<Trajectory> {
  const {
    scores = [
      [5, 6],
      [9, 9],
    ],
  } = options
  const sourceId = await seedImage(db, caller.tenantId)
  const imageId = await seedImage(db, caller.tenantId)
  const loop = { maxRounds: scores.length, ...options.loop }
  const jobId = await startJob(db, caller.tenantId, newJob(sourceId, { ...options.job, loop }))
  for (const [semantic, quality] of scores) {
    await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1.5, endpointId: null })
    const judged = verdict(semantic, quality)
    const task = await takeOne(db, 'think')
    await recordVerdict(db, task, { verdict: judged, tokens: 100, by: testThinker, endpointId: null })
  }
  const { rows } = await db.query<{ round: string; critique: string }>(
    'select r.id as round, c.id as critique from round r join critique c on c.round_id = r.id where r.job_id = $1 order by r.index',
    [jobId],
  )
  return {
    job: encodeGlobalId('Job', jobId),
    source: encodeGlobalId('Image', sourceId),
    image: encodeGlobalId('Image', imageId),
    rounds: rows.map(row => encodeGlobalId('Round', row.round)),
    critiques: rows.map(row => encodeGlobalId('Critique', row.critique)),
  }
}
