import { SingleBar } from 'cli-progress'
import { z } from 'zod'
import { CliError } from '../cli-error.ts'
import { printJson, type Session } from '../session.ts'

/** How many jobs of a batch stand where. */
export const BatchCounts = z.object({
  total: z.number(),
  queued: z.number(),
  running: z.number(),
  succeeded: z.number(),
  failed: z.number(),
  canceled: z.number(),
})
export type BatchCounts = z.infer<typeof BatchCounts>

/** The fields of BatchCounts in a document. */
export const countFields = 'total queued running succeeded failed canceled'

const document = `subscription FollowBatch($label: String!) { batchProgress(label: $label) { ${countFields} } }`
const Progress = z.object({ batchProgress: BatchCounts })

/**
 * Shows a batch to its end by a bar with the time that is left, on a terminal; with --json each state is a line. Outlasts
 * servers that are restarted. Throws CliError where the batch is gone or the server stays away.
 */
export async function followBatch({ api, isJson }: Session, label: string): Promise<BatchCounts> {
  const bar = new SingleBar({
    ...{ format: '{bar} {percentage}% {counts}, {eta_formatted} left', clearOnComplete: true, hideCursor: true },
    ...{ stream: process.stderr, noTTYOutput: false, stopOnComplete: false, etaBuffer: 100 },
  })
  let last: BatchCounts | undefined
  try {
    for await (const { batchProgress } of api.subscribe(document, { variables: { label } }, Progress)) {
      const { total, succeeded, failed, canceled } = batchProgress
      const done = succeeded + failed + canceled
      if (isJson) printJson({ __typename: 'Batch', label, ...batchProgress })
      else if (last === undefined) bar.start(total, done, { counts: toText(batchProgress) })
      bar.setTotal(total)
      bar.update(done, { counts: toText(batchProgress) })
      last = batchProgress
    }
  } finally {
    bar.stop()
  }
  if (last === undefined || last.queued + last.running > 0) {
    throw new CliError('The stream ended before the run did. The same command goes on from here.', {
      code: 'STREAM_ENDED',
    })
  }
  return last
}

function toText({ total, running, succeeded, failed, canceled }: BatchCounts): string {
  const bad = failed + canceled
  return `${succeeded + bad}/${total} items, ${running} running${bad > 0 ? `, ${bad} failed` : ''}`
}
