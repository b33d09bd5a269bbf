import { SingleBar } from 'cli-progress'
import { z } from 'zod'
import { CliError } from '../cli-error.ts'
import { printJson, type Session } from '../session.ts'

const Progress = z.object({
  status: z.enum(['RUNNING', 'DONE', 'CANCELED']),
  isPlanned: z.boolean(),
  total: z.number(),
  answered: z.number(),
  failed: z.number(),
  tokens: z.number(),
  judgeRun: z.object({ id: z.string(), name: z.string() }),
})

/** How far a judge run is. */
export type JudgeProgress = z.infer<typeof Progress>

const document = `subscription JudgeProgress($id: ID!) {
  judgeRunProgress(judgeRunId: $id) { status isPlanned total answered failed tokens judgeRun { id name } }
}`

/**
 * Shows a judge run to its end by a bar, on a terminal, and says what came of it; with --json each step is a line. Gives
 * how it ended. Throws CliError where it was canceled or the server stays away.
 */
export async function watchJudgeRun({ api, isJson }: Session, id: string): Promise<JudgeProgress> {
  const bar = new SingleBar({
    ...{ format: '{bar} {percentage}% {counts}', clearOnComplete: true, hideCursor: true, stopOnComplete: false },
    ...{ stream: process.stderr, noTTYOutput: false },
  })
  let last: JudgeProgress | undefined
  try {
    if (!isJson) bar.start(1, 0, { counts: '' })
    const Data = z.object({ judgeRunProgress: Progress })
    for await (const { judgeRunProgress } of api.subscribe(document, { variables: { id } }, Data)) {
      last = judgeRunProgress
      if (isJson) printJson({ __typename: 'JudgeRunProgress', ...last })
      bar.setTotal(Math.max(1, last.total))
      bar.update(last.answered + last.failed, { counts: toText(last) })
    }
  } finally {
    bar.stop()
  }
  if (last === undefined || last.status === 'RUNNING') {
    throw new CliError('The stream ended before the run did.', { code: 'STREAM_ENDED' })
  }
  if (!isJson) console.log(`${toText(last)}, ${last.tokens} tokens.`)
  if (last.status === 'CANCELED') throw new CliError('The run was canceled.', { code: 'CANCELED' })
  return last
}

function toText({ total, answered, failed }: JudgeProgress): string {
  return `${answered} of ${total} answered${failed > 0 ? `, ${failed} failed` : ''}`
}
