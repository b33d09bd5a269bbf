import type { Queryable, Tx } from '../db.ts'
import { sql } from '../sql.ts'
import { type Rubric, rubrics } from './rubric.ts'

/** Where a judge run stands; DONE and CANCELED end it. */
export type JudgeRunStatus = 'RUNNING' | 'DONE' | 'CANCELED'

/** A judge run as the end of one of its tasks sees it. */
export type JudgeRunRow = { id: string; status: JudgeRunStatus; model: string; rubric: string }

/** Texts that a run brought along, by the names of the rubric's own. */
export type JudgeTemplates = Record<string, string>

/**
 * The run, which stays as it is until the transaction ends: nobody cancels it meanwhile, so that what is queued for a
 * running one is found by its cancellation. Any number of tasks hold it so at once. After the job's lock.
 */
export async function holdJudgeRun(tx: Tx, id: string): Promise<JudgeRunRow> {
  const { rows } = await tx.query<JudgeRunRow>(sql`
    select id, status, model, rubric from judge_run where id = ${id}::uuid for share`)
  if (rows[0] === undefined) throw new Error('A judge task has no run.')
  return rows[0]
}

/** What is notified of a run: see followProgress. */
export function toProgressName(id: string): string {
  return `judge_run ${id}`
}

/** Tells the followers of the run at the commit that there is something new. */
export async function tellJudgeRun(db: Queryable, id: string): Promise<void> {
  await db.query(sql`select pg_notify('background_work', ${toProgressName(id)})`)
}

/** A run's rubric. Throws where this process has none of that name, as when a newer one started the run. */
export function rubricOf({ rubric: id }: Pick<JudgeRunRow, 'rubric'>): Rubric {
  const rubric = rubrics.get(id)
  if (rubric === undefined) throw new Error(`The rubric "${id}" is not known here.`)
  return rubric
}
