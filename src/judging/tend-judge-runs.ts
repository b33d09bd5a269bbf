import type { Db } from '../db.ts'
import { finishJudgeRuns } from './finish-judge-run.ts'
import { planJudgeRuns } from './plan-judge-run.ts'

/** The net under judge runs, for any process to call now and then: goes on with what a killed one was planning or ending. */
export async function tendJudgeRuns(db: Db): Promise<void> {
  await planJudgeRuns(db)
  await finishJudgeRuns(db)
}
