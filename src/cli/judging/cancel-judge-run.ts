import { z } from 'zod'
import { printJson, type Session } from '../session.ts'
import { ListedJudgeRun, listedJudgeRunFields } from './list-judge-runs.ts'

const document = `mutation CancelJudgeRun($judgeRunId: ID!) {
  cancelJudgeRun(judgeRunId: $judgeRunId) {
    __typename ... on CancelJudgeRunSuccess { judgeRun { ...ListedJudgeRun } } ... on Error { code message }
  }
}
${listedJudgeRunFields}`

/** Stops a judge run and says so. Throws CliError where there is none or it is done. */
export async function cancelJudgeRun({ api, isJson }: Session, judgeRunId: string): Promise<void> {
  const { judgeRun } = await api.mutate(document, { judgeRunId }, z.object({ judgeRun: ListedJudgeRun }))
  if (isJson) printJson({ __typename: 'JudgeRun', ...judgeRun })
  else console.log('The judge run is canceled; the answers that have come stay.')
}
