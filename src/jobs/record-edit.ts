import type { Db } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { decideNext } from '../loop/decide.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { advanceJob } from './advance-job.ts'
import { completeStage, type Recorded } from './end-stage.ts'
import type { JobRow } from './job-row.ts'
import { planTask } from './plan-writes.ts'
import type { SeenJob } from './start-stage.ts'
import { type Step, tryWriteStep, writeStep } from './write-step.ts'

/** An edited picture, already stored, and how long the editor took. */
export type EditResult = { imageId: string; editorSeconds: number; endpointId: string | null }

/**
 * Writes the round's picture and queues its critique. In a job that is stopping the picture is kept and nothing is
 * planned. A second call of the same claim changes nothing. `seen` spares the usual one the reading under the lock.
 */
export async function recordEdit(db: Db, task: ClaimedTask, edit: EditResult, seen?: SeenJob): Promise<Recorded> {
  const { imageId, editorSeconds, endpointId } = edit
  const roundId = task.roundId ?? ''
  const result = { type: 'edited', roundId, imageId, editorSeconds } as const
  const events: NewEvent[] = [{ type: 'ROUND_EDITED', roundId }]
  const toThink = (job: JobRow): Step => {
    const plan = { rounds: [], tasks: [planTask({ job, isFirst: false }, 'THINK', task)] }
    return { result, events, plan, end: null }
  }
  // What is left to do with an edit does not hang on the other rounds.
  if (seen?.job.settings.critique) {
    const { job } = seen
    const isWritten = await tryWriteStep(db, { task, endpointId }, { job, eventSeq: null }, toThink(job))
    if (isWritten) return { isFenced: false }
  }
  return await completeStage(db, task, endpointId, async (tx, job) => {
    job.runEditorSeconds += editorSeconds
    if (job.stoppingFor === null && job.settings.critique) {
      await writeStep(tx, job, toThink(job))
      return []
    }
    await writeStep(tx, job, { result, events, plan: null, end: null })
    return await advanceJob(tx, job, decideNext)
  })
}
