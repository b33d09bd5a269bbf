import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import { outlastServer } from '../outlast-server.ts'
import { listUnfinished } from './list-unfinished.ts'

const document = `mutation Retry($jobId: ID!) {
  retryJob(jobId: $jobId) { __typename ... on RetryJobSuccess { job { id } } ... on Error { code message } }
}`
const Success = z.object({ job: z.object({ id: z.string() }) })

/** Lets every failed job of the batch go on; how many there were. */
export async function retryFailed(api: ApiClient, label: string): Promise<number> {
  let retried = 0
  for (const { id } of await listUnfinished(api, label, ['FAILED'])) {
    try {
      await outlastServer(() => api.mutate(document, { jobId: id }, Success))
      retried++
    } catch (error) {
      // Somebody else was quicker, or this call was answered after all.
      if (!(error instanceof CliError) || error.code !== 'JOB_NOT_FAILED') throw error
    }
  }
  return retried
}
