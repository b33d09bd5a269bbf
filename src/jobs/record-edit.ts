import type { Db } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import { decideNext } from '../loop/decide.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { advanceJob } from './advance-job.ts'
import { completeStage, type Recorded } from './end-stage.ts'
import { planTask } from './plan-writes.ts'
import { writeStep } from './write-step.ts'

/** An edited picture, already stored, and how long the editor took. */
export type EditResult = { imageId: string; editorSeconds: number; endpointId: string | null }

/**
 * Writes the round's picture and queues its critique. In a job that is stopping the picture is kept and nothing is
 * planned. A second call of the same claim changes nothing.
 */
export async function recordEdit(db: Db, task: ClaimedTask, result: EditResult): Promise<Recorded> {
  const { imageId, editorSeconds, endpointId } = result
  const roundId = task.roundId ?? ''
  return await completeStage(db, task, endpointId, async (tx, job) => {
    job.runEditorSeconds += editorSeconds
    const result = { type: 'edited', roundId, imageId, editorSeconds } as const
    const events: NewEvent[] = [{ type: 'ROUND_EDITED', roundId }]
    if (job.stoppingFor === null && job.settings.critique) {
      const plan = { rounds: [], tasks: [planTask({ job, isFirst: false }, 'THINK', task)] }
      await writeStep(tx, job, { result, events, plan, end: null })
      return []
    }
    await writeStep(tx, job, { result, events, plan: null, end: null })
    return await advanceJob(tx, job, decideNext)
  })
}
