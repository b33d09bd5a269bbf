import { z } from 'zod'
import { JobEvent, jobEventFields } from '../answers.ts'
import type { ApiClient, SubscribeOptions } from '../api-client.ts'
import { CliError } from '../cli-error.ts'

const document = `subscription FollowJob($jobId: ID!, $after: Int!) {
  jobEvents(jobId: $jobId, after: $after) { ...JobEventFields }
}
${jobEventFields}`
const Data = z.object({ jobEvents: JobEvent })

/**
 * The events of a job after seq `after`, each once and in order, live until the job has ended, also over connections that
 * break. Throws CliError where events cannot be given: no such job, or it was deleted.
 */
export async function* followJob(
  api: ApiClient,
  { jobId, after = 0, signal, onLost }: { jobId: string; after?: number } & Omit<SubscribeOptions, 'variables'>,
): AsyncGenerator<JobEvent, void, undefined> {
  let cursor = after
  const variables = {
    jobId,
    get after() {
      return cursor
    },
  }
  for await (const { jobEvents: event } of api.subscribe(document, { variables, signal, onLost }, Data)) {
    if (event.__typename === 'EventGap') throw new CliError(event.reason, { code: 'EVENT_GAP' })
    cursor = event.seq
    yield event
  }
}
