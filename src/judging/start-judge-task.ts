import type { Db } from '../db.ts'
import { endStage } from '../jobs/end-stage.ts'
import type { JobKind } from '../jobs/job-row.ts'
import { picturePart } from '../jobs/start-stage.ts'
import { deriveSeed } from '../loop/seed.ts'
import { isOwnedBy } from '../queue/fence-task.ts'
import type { ClaimedTask } from '../queue/task.ts'
import { sql } from '../sql.ts'
import { askRound } from './ask-round.ts'
import { type JudgeRunStatus, type JudgeTemplates, rubricOf } from './judge-run-row.ts'
import { fromTaskCall } from './judge-task.ts'
import type { JudgedRound } from './render-call.ts'
import type { JudgeQuestion } from './rubric.ts'

/** One question of a judge run, and what it is asked about. */
export type JudgeInput = JudgedRound & { kind: JobKind; question: JudgeQuestion; seed: number }

type Row = JudgedRound & {
  rubric: string
  templates: JudgeTemplates | null
  status: JudgeRunStatus
  kind: JobKind
  baseSeed: number
  benchmark: unknown
}

/**
 * Starts a claimed question, before its call. Nothing of its job changes, whose status does not matter either. Null: the
 * lease is lost, or the run was canceled; the task is dealt with, drop it.
 */
export async function startJudgeTask(db: Db, task: ClaimedTask): Promise<JudgeInput | null> {
  const { rows } = await db.query<Row>(sql`
    with ${picturePart}
    select run.status, run.rubric, run.templates, job.kind, job.instruction, job.base_seed as "baseSeed",
      job.metadata -> 'benchmark' as benchmark, round.prompt,
      to_jsonb(source) as source, to_jsonb(edited) as edited,
      (select coalesce(jsonb_agg(to_jsonb(picture) order by r.position), '[]')
        from job_reference r join picture on picture.id = r.image_id where r.job_id = job.id) as "references",
      (select coalesce(jsonb_object_agg(p.name, to_jsonb(picture)), '{}')
        from job_picture p join picture on picture.id = p.image_id where p.job_id = job.id) as pictures
    from task
    join judge_run run on run.id = task.judge_run_id
    join job on job.id = task.job_id
    join round on round.id = task.round_id
    left join picture source on source.id = job.source_id
    left join picture edited on edited.id = round.image_id
    where task.id = ${task.id}::uuid and ${isOwnedBy(task)} and task.state = 'LEASED'`)
  const [found] = rows
  if (found === undefined) return null
  const { status, baseSeed, rubric, templates, benchmark, ...round } = found
  if (status === 'RUNNING') {
    const question = findQuestion({ rubric, templates, benchmark }, fromTaskCall(task.call).question)
    // Each ask has a seed of its own, the same whenever this round is judged by the same rubric.
    const seed = deriveSeed(baseSeed, task.roundIndex, task.candidate, task.call)
    return { ...round, question, seed }
  }
  await endStage(
    db,
    task,
    () => ({ end: { state: 'CANCELED' }, outcome: 'REFUSED', endpointId: null }),
    async () => [],
  )
  return null
}

/** With the run's own text, where it brought one. */
function findQuestion(
  { rubric, templates, benchmark }: Pick<Row, 'rubric' | 'templates' | 'benchmark'>,
  call: number,
): JudgeQuestion {
  const asked = askRound(rubricOf({ rubric }), benchmark)?.find(one => one.call === call)
  if (asked === undefined) throw new Error(`The rubric "${rubric}" has no such question.`)
  const { question } = asked
  const own = question.templateName === null ? undefined : templates?.[question.templateName]
  return own === undefined ? question : { ...question, template: own }
}
