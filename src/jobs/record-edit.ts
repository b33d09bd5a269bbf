import type { Db } from '../db.ts'
import { decideNext } from '../loop/decide.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { advanceJob } from './advance-job.ts'
import { endStage, type Recorded } from './end-stage.ts'
import { planTask } from './plan-writes.ts'

/** An edited picture, already stored, and how long the editor took. */
export type EditResult = { imageId: string; editorSeconds: number; endpointId: string | null }

/**
 * Writes the round's picture and queues its critique. In a job that is stopping the picture is kept and nothing is
 * planned. A second call of the same claim changes nothing.
 */
export async function recordEdit(db: Db, task: ClaimedTask, result: EditResult): Promise<Recorded> {
  const { imageId, editorSeconds, endpointId } = result
  const roundId = task.roundId ?? ''
  return await endStage(
    db,
    task,
    () => ({ end: { state: 'DONE' }, outcome: 'DONE', endpointId }),
    async (tx, job) => {
      job.runEditorSeconds += editorSeconds
      await tx.query(sql`
        with spent as (
          update job set editor_seconds = editor_seconds + ${editorSeconds}::float8,
            run_editor_seconds = run_editor_seconds + ${editorSeconds}::float8
          where id = ${job.id}::uuid
        )
        update round set status = 'EDITED', image_id = ${imageId}::uuid, edited_at = clock_timestamp(),
          editor_seconds = coalesce(editor_seconds, 0) + ${editorSeconds}::float8
        where id = ${roundId}::uuid`)
      const edited = { type: 'ROUND_EDITED', roundId } as const
      if (job.stoppingFor === null && job.settings.critique) {
        await enqueueTasks(tx, [planTask({ job, isFirst: false }, 'THINK', task)])
        return [edited]
      }
      return [edited, ...(await advanceJob(tx, job, decideNext))]
    },
  )
}
