import type { Db } from '../db.ts'
import { endStage } from '../jobs/end-stage.ts'
import type { JobKind } from '../jobs/job-row.ts'
import { type ImageRef, picturePart } from '../jobs/start-stage.ts'
import { deriveSeed } from '../loop/seed.ts'
import { isOwnedBy } from '../queue/fence-task.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { sql } from '../sql.ts'
import type { JudgeRunStatus } from './judge-run-row.ts'

/** What one question of a judge run is asked about. */
export type JudgeInput = {
  rubric: string
  kind: JobKind
  instruction: string
  /** What the editor was given; '' for round 0. */
  prompt: string
  source: ImageRef | null
  edited: ImageRef | null
  references: ImageRef[]
  seed: number
}

type Row = Omit<JudgeInput, 'seed'> & { status: JudgeRunStatus; baseSeed: number }

/**
 * Starts a claimed question, before its call. Nothing of its job changes, whose status does not matter either. Null: the
 * lease is lost, or the run was canceled; the task is dealt with, drop it.
 */
export async function startJudgeTask(db: Db, task: ClaimedTask): Promise<JudgeInput | null> {
  const { rows } = await db.query<Row>(sql`
    with ${picturePart}
    select run.status, run.rubric, job.kind, job.instruction, job.base_seed as "baseSeed", round.prompt,
      to_jsonb(source) as source, to_jsonb(edited) as edited,
      (select coalesce(jsonb_agg(to_jsonb(picture) order by r.position), '[]')
        from job_reference r join picture on picture.id = r.image_id where r.job_id = job.id) as "references"
    from task
    join judge_run run on run.id = task.judge_run_id
    join job on job.id = task.job_id
    join round on round.id = task.round_id
    left join picture source on source.id = job.source_id
    left join picture edited on edited.id = round.image_id
    where task.id = ${task.id}::uuid and ${isOwnedBy(task)} and task.state = 'LEASED'`)
  const [found] = rows
  if (found === undefined) return null
  const { status, baseSeed, ...input } = found
  if (status === 'RUNNING') {
    // Each ask has a seed of its own, the same whenever this round is judged by the same rubric.
    return { ...input, seed: deriveSeed(baseSeed, task.roundIndex, task.candidate, task.call) }
  }
  await endStage(
    db,
    task,
    () => ({ end: { state: 'CANCELED' }, outcome: 'REFUSED', endpointId: null }),
    async () => [],
  )
  return null
}
