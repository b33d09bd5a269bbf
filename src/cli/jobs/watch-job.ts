import type { JobEvent } from '../answers.ts'
import { CliError } from '../cli-error.ts'
import { makeReporter } from '../make-reporter.ts'
import { printJson, type Session } from '../session.ts'
import { followJob } from './follow-job.ts'

export type WatchOptions = {
  jobId: string
  candidates: number
  onEvent?: (event: JobEvent) => void
  signal?: AbortSignal
}

/** Shows a job's events from its first one until it has ended, to people or as JSON lines, and hands each on. */
export async function watchJob(
  { api, isJson, columns }: Session,
  { jobId, candidates, onEvent, signal }: WatchOptions,
): Promise<void> {
  const reporter = isJson ? null : makeReporter({ candidates, columns })
  const onLost = (isLost: boolean) =>
    reporter?.stage(isLost ? 'The connection is lost; trying again' : 'Connected again')
  let isFinished = false
  try {
    for await (const event of followJob(api, { jobId, signal, onLost })) {
      if (isJson) printJson(event)
      else reporter?.show(event)
      onEvent?.(event)
      isFinished ||= event.__typename === 'JobFinished'
    }
  } finally {
    reporter?.stop()
  }
  if (!isFinished) throw new CliError('The stream ended before the job did.', { code: 'STREAM_ENDED' })
}
