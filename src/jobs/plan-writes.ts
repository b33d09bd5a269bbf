import { v7 } from 'uuid'
import type { Tx } from '../db.ts'
import type { Decision } from '../loop/decide.ts'
import type { PromptSource } from '../loop/round.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { type NewTask, queueOf, type Stage } from '../queue/task.ts'
import { commaList, type SqlStatement, sql } from '../sql.ts'
import type { JobRow } from './job-row.ts'

/** A round about to be written. Round 0 has its picture, the source, from the start. */
type NewRound = {
  id: string
  jobId: string
  index: number
  candidate: number
  parentId: string | null
  status: 'PENDING' | 'EDITED'
  editor: string
  prompt: string
  promptSource: PromptSource
  seed: number | null
  baseImageId: string | null
  imageId: string | null
}

/** What a decision adds: rounds and the tasks that do them. */
export type Plan = { rounds: NewRound[]; tasks: NewTask[] }

/** The part of a decision that plans work. */
export type PlanningDecision = Extract<Decision, { type: 'polish' | 'critiqueSource' | 'edit' }>

export type PlanContext = {
  job: Pick<JobRow, 'id' | 'tenantId' | 'editor' | 'thinker' | 'priority' | 'run' | 'sourceId'>
  /** Whether these are the first tasks of the job's run. */
  isFirst: boolean
  /** Raised where the server itself asks again. Never at a caller's wish: it goes before every tenant's turn. */
  boost?: number
  /** The picture a round made, for rounds that are edited further. */
  imageOf: (roundId: string) => string | null
}

/** Turns a decision into rows. Pure but for fresh ids. */
export function planWrites(context: PlanContext, decision: PlanningDecision): Plan {
  const { job } = context
  switch (decision.type) {
    case 'polish':
      return { rounds: [], tasks: [planTask(context, 'POLISH', { roundIndex: 1, candidate: 0, roundId: null })] }
    case 'critiqueSource': {
      const round: NewRound = {
        id: v7(),
        jobId: job.id,
        index: 0,
        candidate: 0,
        parentId: null,
        status: 'EDITED',
        editor: job.editor,
        prompt: '',
        promptSource: 'INSTRUCTION',
        seed: null,
        baseImageId: null,
        imageId: job.sourceId,
      }
      return { rounds: [round], tasks: [planTask(context, 'THINK', toPlace(round))] }
    }
    case 'edit': {
      const rounds = decision.rounds.map(
        (planned): NewRound => ({
          id: v7(),
          jobId: job.id,
          index: decision.index,
          candidate: planned.candidate,
          parentId: planned.parentId,
          status: 'PENDING',
          editor: job.editor,
          prompt: planned.prompt,
          promptSource: planned.promptSource,
          seed: planned.seed,
          baseImageId: planned.editFromRoundId === null ? null : context.imageOf(planned.editFromRoundId),
          imageId: null,
        }),
      )
      return { rounds, tasks: rounds.map(round => planTask(context, 'EDIT', toPlace(round))) }
    }
    default:
      return decision satisfies never
  }
}

/** Where in a job a task stands. */
export type Place = { roundIndex: number; candidate: number; roundId: string | null; call?: number }

/** A task of this job's run. */
export function planTask({ job, isFirst, boost }: Omit<PlanContext, 'imageOf'>, stage: Stage, place: Place): NewTask {
  // A job without critique plans no thinker stage, so a thinker is there whenever one is asked for.
  const model = stage === 'EDIT' ? job.editor : (job.thinker ?? '')
  return {
    id: v7(),
    tenantId: job.tenantId,
    jobId: job.id,
    run: job.run,
    stage,
    roundIndex: place.roundIndex,
    candidate: place.candidate,
    call: place.call ?? 1,
    roundId: place.roundId,
    judgeRunId: null,
    queue: queueOf(stage, model),
    priority: job.priority,
    boost: boost ?? 0,
    isFirst,
  }
}

/** Writes the plan in the caller's transaction. */
export async function writePlan(tx: Tx, plan: Plan): Promise<void> {
  if (plan.rounds.length > 0) await tx.query(sql`with ${roundPart(plan.rounds)} select 1`)
  await enqueueTasks(tx, plan.tasks)
}

/** New rounds (at least one), as a part of a larger `with`; none are written where the condition `when` does not hold. */
export function roundPart(rounds: readonly NewRound[], when: SqlStatement = sql`true`): SqlStatement {
  return sql`
    new_round as (
      insert into round (id, job_id, index, candidate, parent_id, status, editor, prompt, prompt_source, seed,
        base_image_id, image_id)
      select planned.* from (
        ${rounds.length <= FEW ? sql`values ${commaList(rounds.map(toRow))}` : selectRows(rounds)}
      ) as planned where ${when}
    )`
}

// So many are written out one by one, and the plan is made for few.
const FEW = 8

function toRow(round: NewRound): SqlStatement {
  return sql`(${round.id}::uuid, ${round.jobId}::uuid, ${round.index}::int, ${round.candidate}::int,
    ${round.parentId}::uuid, ${round.status}::round_status, ${round.editor}::text, ${round.prompt}::text,
    ${round.promptSource}::prompt_source, ${round.seed}::int, ${round.baseImageId}::uuid, ${round.imageId}::uuid)`
}

function selectRows(rounds: readonly NewRound[]): SqlStatement {
  return sql`
    select "id", "jobId", "index", "candidate", "parentId", "status"::round_status, "editor", "prompt",
      "promptSource"::prompt_source, "seed", "baseImageId", "imageId"
    from jsonb_to_recordset(${JSON.stringify(rounds)}::jsonb) as r(
      "id" uuid, "jobId" uuid, "index" int, "candidate" int, "parentId" uuid, "status" text, "editor" text,
      "prompt" text, "promptSource" text, "seed" int, "baseImageId" uuid, "imageId" uuid)`
}

function toPlace(round: NewRound): Place {
  return { roundIndex: round.index, candidate: round.candidate, roundId: round.id }
}
