// Editors as the database sees them while a worker drives them, and where the edit of a job stands among them.

import { v7 } from 'uuid'
import type { Db } from '../../src/db.ts'
import { acquireEndpoints } from '../../src/fleet/acquire-endpoints.ts'
import { registerWorker } from '../../src/fleet/register-worker.ts'

/** Drives one endpoint of each of these models. */
export async function driveEditors(db: Db, ...models: string[]): Promise<void> {
  const workerId = v7()
  const endpoints = models.map(modelId => ({
    modelId,
    engine: 'openai-images',
    url: `http://${modelId}/v1`,
    capacity: 1,
  }))
  const ids = await registerWorker(db, { workerId, host: 'h', version: '1', models: [], endpoints })
  await acquireEndpoints(db, { workerId, wishes: [{ ids: [...ids.values()], upTo: 9 }] })
}

/** Sets the health of a model's endpoints. */
export async function setHealth(db: Db, model: string, health: 'HEALTHY' | 'UNHEALTHY'): Promise<void> {
  await db.query('update endpoint set health = $2::endpoint_health where model_id = $1', [model, health])
}

/** The queue of each edit of a job and the editor of its round. */
export async function placesOf(db: Db, jobId: string): Promise<{ queue: string; editor: string }[]> {
  const { rows } = await db.query<{ queue: string; editor: string }>(
    `select t.queue, r.editor from task t join round r on r.id = t.round_id where t.job_id = $1 and t.stage = 'EDIT'`,
    [jobId],
  )
  return rows
}
