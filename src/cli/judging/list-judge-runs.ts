import chalk from 'chalk'
import { z } from 'zod'
import { toAge } from '../jobs/describe-job.ts'
import { paintStatus } from '../paint-status.ts'
import { printAll } from '../print-all.ts'
import type { Session } from '../session.ts'

/** What a list shows of a judge run, as a fragment and as it comes. */
export const listedJudgeRunFields = `fragment ListedJudgeRun on JudgeRun {
  id name status rubric createdAt finishedAt model { id } progress { total answered failed tokens }
}`
export const ListedJudgeRun = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(['RUNNING', 'DONE', 'CANCELED']),
  rubric: z.string(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  model: z.object({ id: z.string() }),
  progress: z.object({ total: z.number(), answered: z.number(), failed: z.number(), tokens: z.number() }),
})
type ListedJudgeRun = z.infer<typeof ListedJudgeRun>

const document = `query JudgeRuns($after: String) {
  list: judgeRuns(first: 100, after: $after) { edges { node { ...ListedJudgeRun } } pageInfo { hasNextPage endCursor } }
}
${listedJudgeRunFields}`

/** Prints the tenant's judge runs, newest first, those that have ended too, for people or as JSON lines. */
export async function listJudgeRuns(session: Session): Promise<void> {
  const none = 'There are no judge runs.'
  await printAll(session, { document, node: ListedJudgeRun, typename: 'JudgeRun', describe, none })
}

function describe({ id, name, status, rubric, createdAt, model, progress }: ListedJudgeRun): string {
  const { total, answered, failed } = progress
  const counts = `${answered} of ${total} answered${failed > 0 ? `, ${failed} failed` : ''}`
  const facts = [counts, `rubric ${rubric}`, `by ${model.id}`, toAge(createdAt)].join(', ')
  return `${id}  ${paintStatus(status, 8)} ${chalk.bold(name)}\n  ${chalk.dim(facts)}`
}
