import type { Db } from '../../src/db.ts'
import type { JobSettings } from '../../src/jobs/job-row.ts'
import { recordEdit } from '../../src/jobs/record-edit.ts'
import { recordVerdict } from '../../src/jobs/record-verdict.ts'
import type { NewJob } from '../../src/jobs/start-jobs.ts'
import { newJob, seedImage, startJob, takeOne, testThinker, verdict } from './stage-driver.ts'

/** A finished job whose rounds got these scores, one candidate each; returns its id. `seconds` and 10 tokens a round. */
export async function playJob(
  db: Db,
  { tenantId, imageId }: { tenantId: string; imageId: string },
  scores: readonly (readonly [semantic: number, quality: number])[],
  job: Partial<NewJob> & { loop?: Partial<JobSettings>; seconds?: number } = {},
): Promise<string> {
  const { loop, seconds = 1.5, ...rest } = job
  const settings = { maxRounds: scores.length, ...loop }
  const jobId = await startJob(db, tenantId, newJob(imageId, { ...rest, loop: settings }))
  for (const [semantic, quality] of scores) {
    const picture = await seedImage(db, tenantId)
    await recordEdit(db, await takeOne(db, 'edit'), { imageId: picture, editorSeconds: seconds, endpointId: null })
    const answer = { verdict: verdict(semantic, quality), tokens: 10, by: testThinker, endpointId: null }
    await recordVerdict(db, await takeOne(db, 'think'), answer)
  }
  return jobId
}
